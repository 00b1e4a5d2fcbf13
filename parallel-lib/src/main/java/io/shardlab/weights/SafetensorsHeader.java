package io.shardlab.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.shardlab.plan.Json;
import io.shardlab.tensor.TensorShape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Parses and checks a safetensors header: the rules of the reference reader, plus exact coverage of the file. */
final class SafetensorsHeader {

    /** Headers longer than this are refused, as in the reference implementation. */
    static final long MAX_HEADER_BYTES = 100_000_000;

    private static final int MAX_DIMENSIONS = 32;

    private final Path file;
    private final Map<String, SafetensorsFile.Entry> entries = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private SafetensorsHeader(Path file) {
        this.file = file;
    }

    /**
     * Parses header bytes.
     *
     * @param dataBytes length of the file after the header
     */
    static SafetensorsHeader parse(Path file, byte[] header, long dataBytes) {
        SafetensorsHeader parsed = new SafetensorsHeader(file);
        parsed.readJson(header);
        parsed.checkCoverage(dataBytes);
        return parsed;
    }

    /** The first bytes of a file with these tensors: the header's length, then the header. */
    static byte[] format(Map<String, SafetensorsFile.Entry> entries) {
        ObjectNode json = Json.mapper().createObjectNode();
        json.putObject("__metadata__").put("format", "pt");
        entries.forEach((name, entry) -> {
            ObjectNode described = json.putObject(name);
            described.put("dtype", entry.type().name());
            entry.shape().dims().forEach(described.putArray("shape")::add);
            described.putArray("data_offsets").add(entry.begin()).add(entry.end());
        });
        byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
        // Padded with blanks so that the data starts at a multiple of 8, as the reference writer does.
        ByteBuffer padded =
                ByteBuffer.allocate(Long.BYTES + (text.length + 7) / 8 * 8).order(ByteOrder.LITTLE_ENDIAN);
        padded.putLong(padded.capacity() - Long.BYTES).put(text);
        while (padded.hasRemaining()) {
            padded.put((byte) ' ');
        }
        return padded.array();
    }

    Map<String, SafetensorsFile.Entry> entries() {
        return entries;
    }

    private DamagedFileException damaged(String reason) {
        return new DamagedFileException(file, reason);
    }

    private void readJson(byte[] header) {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(header))
                    .toString();
        } catch (CharacterCodingException e) {
            throw damaged("header at offset 8 is not UTF-8");
        }
        if (!text.startsWith("{")) {
            throw damaged("header at offset 8 does not start with '{'");
        }
        JsonFactory factory = JsonFactory.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(4)
                        .maxNumberLength(20)
                        .maxStringLength(1 << 20)
                        .build())
                .build();
        try (JsonParser json = factory.createParser(text)) {
            json.nextToken();
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                if (name.equals("__metadata__")) {
                    readMetadata(json);
                } else {
                    entries.put(name, readEntry(json, name));
                }
            }
            if (json.nextToken() != null) {
                throw damaged("header has more than one JSON value");
            }
        } catch (IOException e) {
            throw damaged("header at offset 8 is not the expected JSON: " + firstLine(e));
        }
    }

    private static String firstLine(IOException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private void readMetadata(JsonParser json) throws IOException {
        expect(json.nextToken() == JsonToken.START_OBJECT, () -> "__metadata__ is not an object");
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String key = json.currentName();
            expect(json.nextToken() == JsonToken.VALUE_STRING, () -> "__metadata__ '" + key + "' is not a string");
            metadata.put(key, json.getText());
        }
    }

    private SafetensorsFile.Entry readEntry(JsonParser json, String name) throws IOException {
        expect(json.nextToken() == JsonToken.START_OBJECT, () -> "tensor '" + name + "' is not described by an object");
        SafetensorsFile.ElementType type = null;
        List<Long> shape = null;
        List<Long> offsets = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            switch (json.currentName()) {
                case "dtype" -> {
                    expect(
                            json.nextToken() == JsonToken.VALUE_STRING,
                            () -> "tensor '" + name + "': dtype is not a string");
                    type = elementType(name, json.getText());
                }
                case "shape" -> shape = readLongs(json, name, "shape");
                case "data_offsets" -> offsets = readLongs(json, name, "data_offsets");
                default -> throw damaged("tensor '" + name + "' has an unknown field '" + json.currentName() + "'");
            }
        }
        if (type == null || shape == null || offsets == null || offsets.size() != 2) {
            throw damaged("tensor '" + name + "' needs dtype, shape and two data_offsets");
        }
        long begin = offsets.get(0);
        long end = offsets.get(1);
        expect(begin <= end, () -> "tensor '" + name + "': ends at " + end + " before it begins at " + begin);
        long bytes = numBytes(name, shape, type);
        if (bytes != end - begin) {
            throw damaged("tensor '" + name + "': shape " + shape + " of " + type + " needs " + bytes
                    + " bytes, offsets " + begin + "–" + end + " hold " + (end - begin));
        }
        return new SafetensorsFile.Entry(type, new TensorShape(shape), begin, end);
    }

    private long numBytes(String name, List<Long> shape, SafetensorsFile.ElementType type) {
        try {
            return Math.multiplyExact(new TensorShape(shape).numElements(), type.bytes());
        } catch (ArithmeticException e) {
            throw damaged("tensor '" + name + "': shape " + shape + " overflows");
        }
    }

    private SafetensorsFile.ElementType elementType(String name, String text) {
        try {
            return SafetensorsFile.ElementType.valueOf(text);
        } catch (IllegalArgumentException e) {
            throw damaged("tensor '" + name + "': dtype '" + text + "' is not known");
        }
    }

    private List<Long> readLongs(JsonParser json, String name, String field) throws IOException {
        expect(json.nextToken() == JsonToken.START_ARRAY, () -> "tensor '" + name + "': " + field + " is not an array");
        List<Long> values = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            expect(
                    json.currentToken() == JsonToken.VALUE_NUMBER_INT && values.size() < MAX_DIMENSIONS,
                    () -> "tensor '" + name + "': " + field + " is not a short array of whole numbers");
            long value = json.getLongValue();
            expect(value >= 0, () -> "tensor '" + name + "': " + field + " holds the negative number " + value);
            values.add(value);
        }
        return values;
    }

    private void checkCoverage(long dataBytes) {
        List<Map.Entry<String, SafetensorsFile.Entry>> sorted = new ArrayList<>(entries.entrySet());
        sorted.sort(Comparator.<Map.Entry<String, SafetensorsFile.Entry>>comparingLong(
                        e -> e.getValue().begin())
                .thenComparingLong(e -> e.getValue().end()));
        long expected = 0;
        for (Map.Entry<String, SafetensorsFile.Entry> entry : sorted) {
            long begin = entry.getValue().begin();
            long end = expected;
            expect(
                    begin == end,
                    () -> "tensor '" + entry.getKey() + "' begins at data offset " + begin + ", expected " + end
                            + (begin < end ? " (overlap)" : " (hole)"));
            expected = entry.getValue().end();
        }
        long covered = expected;
        expect(
                covered == dataBytes,
                () -> (covered > dataBytes ? "truncated: " : "trailing bytes: ") + "header says " + covered
                        + " bytes of data, file holds " + dataBytes);
    }

    private void expect(boolean holds, Supplier<String> otherwise) {
        if (!holds) {
            throw damaged(otherwise.get());
        }
    }
}
