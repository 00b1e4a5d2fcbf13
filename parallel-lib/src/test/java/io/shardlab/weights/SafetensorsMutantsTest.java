package io.shardlab.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The reader accepts a mutant exactly when the rules do, written down a second time below, and throws nothing else. */
final class SafetensorsMutantsTest {

    private static final int MUTANTS = 10_000;
    private static final JsonMapper STRICT = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final Map<String, Integer> BYTES =
            Map.of("F64", 8, "F32", 4, "F16", 2, "BF16", 2, "I64", 8, "I32", 4, "I16", 2, "I8", 1, "U8", 1, "BOOL", 1);

    @TempDir
    Path folder;

    static byte[] validFile() {
        String header = "{\"__metadata__\":{\"format\":\"pt\"},"
                + String.join(
                        ",",
                        RawSafetensors.tensor("a", "F32", "[2,2]", 0, 16),
                        RawSafetensors.tensor("b", "F64", "[1]", 16, 24),
                        RawSafetensors.tensor("c", "BF16", "[0,3]", 24, 24),
                        RawSafetensors.tensor("d", "F16", "[]", 24, 26))
                + "}  ";
        return RawSafetensors.file(header, 26);
    }

    @Test
    void mutantsAreAcceptedByTheRulesOrRefused() throws IOException {
        byte[] valid = validFile();
        assertTrue(allowed(valid));
        Random random = new Random(20261123);
        Path file = folder.resolve("model.safetensors");
        int accepted = 0;
        for (int i = 0; i < MUTANTS; i++) {
            byte[] mutant = mutate(valid, random);
            Files.write(file, mutant);
            boolean reads;
            long before = SafetensorsAttackTest.allocated();
            try (SafetensorsFile opened = SafetensorsFile.open(file)) {
                reads = true;
                assertTrue(SafetensorsAttackTest.allocated() - before < 1 << 20, "allocates without need");
                readAll(opened);
            } catch (DamagedFileException e) {
                reads = false;
            }
            assertEquals(allowed(mutant), reads, () -> new String(mutant, StandardCharsets.ISO_8859_1));
            accepted += reads ? 1 : 0;
        }
        // Both answers must be common, or the comparison shows little.
        assertTrue(accepted > MUTANTS / 50 && accepted < MUTANTS * 49 / 50, "accepted " + accepted);
    }

    private static void readAll(SafetensorsFile opened) {
        opened.entries().forEach((name, entry) -> {
            boolean floating = entry.type().name().contains("F");
            if (floating && entry.begin() < entry.end()) {
                long count = entry.shape().numElements();
                ByteBuffer target = ByteBuffer.allocate((int) count * 8);
                opened.read(name, new WeightSource.Slice(1, count, 0, count, 1), TensorType.FLOAT64, target);
                assertEquals(0, target.remaining());
            }
        });
    }

    private static byte[] mutate(byte[] valid, Random random) {
        byte[] bytes = valid;
        int changes = 1 + random.nextInt(3);
        for (int i = 0; i < changes; i++) {
            bytes = change(bytes, random);
        }
        // Half of the mutants get a right length again, so that the JSON behind it is looked at.
        if (random.nextBoolean() && bytes.length >= 8) {
            int end = 8;
            for (int at = 8; at < bytes.length; at++) {
                if (bytes[at] == '}') {
                    end = at + 1;
                }
            }
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, end - 8L);
        }
        return bytes;
    }

    private static byte[] change(byte[] bytes, Random random) {
        byte[] copy = bytes.clone();
        int at = random.nextInt(copy.length);
        switch (random.nextInt(8)) {
            case 0 -> copy[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> copy[at] = (byte) random.nextInt(256);
            case 2 -> copy[at] = (byte) "0123456789-.,:{}[]\" \\aFe".charAt(random.nextInt(24));
            case 3 -> {
                return splice(copy, at, at, new byte[] {(byte) random.nextInt(256)});
            }
            case 4 -> {
                return splice(copy, at, Math.min(copy.length, at + 1 + random.nextInt(4)), new byte[0]);
            }
            case 5 -> {
                int to = Math.min(copy.length, at + random.nextInt(40));
                return splice(copy, at, at, Arrays.copyOfRange(copy, at, to));
            }
            case 6 -> copy[copy.length - 1 - random.nextInt(26)] = (byte) random.nextInt(256);
            default -> {
                // A digit of a shape or an offset.
                for (int i = 0; i < copy.length; i++) {
                    int place = (at + i) % copy.length;
                    if (copy[place] >= '0' && copy[place] <= '9' && copy[Math.max(0, place - 1)] != 'F') {
                        copy[place] = (byte) ('0' + random.nextInt(10));
                        break;
                    }
                }
            }
        }
        return copy;
    }

    private static byte[] splice(byte[] bytes, int from, int to, byte[] between) {
        ByteBuffer joined = ByteBuffer.allocate(Math.max(1, bytes.length - (to - from) + between.length));
        joined.put(bytes, 0, from).put(between);
        return joined.put(bytes, to, bytes.length - to).array();
    }

    private record Range(BigInteger begin, BigInteger end) {}

    /** The rules, slowly. */
    private static boolean allowed(byte[] bytes) {
        if (bytes.length < 8) {
            return false;
        }
        long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length < 1 || length > 100_000_000 || length > bytes.length - 8 || bytes[8] != '{') {
            return false;
        }
        JsonNode header;
        try {
            header = STRICT.readTree(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, 8, (int) length))
                    .toString());
        } catch (CharacterCodingException | JsonProcessingException e) {
            return false;
        }
        List<Range> ranges = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : header.properties()) {
            if (entry.getKey().equals("__metadata__")) {
                if (!entry.getValue().isObject() || !allText(entry.getValue())) {
                    return false;
                }
            } else if (!addRange(entry.getValue(), ranges)) {
                return false;
            }
        }
        ranges.sort(Comparator.comparing(Range::begin).thenComparing(Range::end));
        BigInteger covered = BigInteger.ZERO;
        for (Range range : ranges) {
            if (!range.begin.equals(covered)) {
                return false;
            }
            covered = range.end;
        }
        return covered.equals(BigInteger.valueOf(bytes.length - 8 - length));
    }

    private static boolean allText(JsonNode metadata) {
        return metadata.valueStream().allMatch(JsonNode::isTextual);
    }

    private static boolean addRange(JsonNode tensor, List<Range> ranges) {
        JsonNode shape = tensor.path("shape");
        JsonNode offsets = tensor.path("data_offsets");
        Integer size = tensor.path("dtype").isTextual()
                ? BYTES.get(tensor.path("dtype").asText())
                : null;
        if (!tensor.isObject() || tensor.size() != 3 || size == null || !shape.isArray() || shape.size() > 32) {
            return false;
        }
        if (!offsets.isArray() || offsets.size() != 2 || !naturals(shape) || !naturals(offsets)) {
            return false;
        }
        BigInteger bytes = BigInteger.valueOf(size);
        for (JsonNode dim : shape) {
            bytes = bytes.multiply(dim.bigIntegerValue());
        }
        Range range = new Range(offsets.get(0).bigIntegerValue(), offsets.get(1).bigIntegerValue());
        ranges.add(range);
        return range.end.subtract(range.begin).equals(bytes);
    }

    private static boolean naturals(JsonNode numbers) {
        return numbers.valueStream()
                .allMatch(n -> n.isIntegralNumber()
                        && n.canConvertToLong()
                        && n.bigIntegerValue().signum() >= 0);
    }
}
