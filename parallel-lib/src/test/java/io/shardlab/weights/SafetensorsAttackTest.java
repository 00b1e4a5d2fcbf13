package io.shardlab.weights;

import static io.shardlab.weights.RawSafetensors.file;
import static io.shardlab.weights.RawSafetensors.tensor;
import static io.shardlab.weights.RawSafetensors.withLength;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged and hostile files are refused with file, tensor and reason; the cases are those of the reference reader's tests. */
final class SafetensorsAttackTest {

    private static final long MOST_ALLOCATED = 1 << 20;

    @TempDir
    Path folder;

    static Stream<Arguments> attacks() {
        String good = tensor("a", "F32", "[2]", 0, 8);
        return Stream.of(
                row("empty file", new byte[0], "truncated: 0 bytes hold no header length"),
                row("header too small", new byte[7], "truncated: 7 bytes hold no header length"),
                row("header too large", withLength(100_000_001L, bytes("{}"), new byte[0]), "above the limit"),
                row("largest allowed header", withLength(100_000_000L, bytes("{}"), new byte[0]), "truncated: header"),
                row("negative header length", withLength(-1, bytes("{}"), new byte[0]), "18446744073709551615"),
                row("smallest long", withLength(Long.MIN_VALUE, bytes("{}"), new byte[0]), "above the limit"),
                row("header beyond the file", withLength(60, bytes("{}"), new byte[0]), "header says 60 bytes"),
                row("header length zero", withLength(0, new byte[0], new byte[0]), "does not start with '{'"),
                row("not UTF-8", file(new byte[] {'{', (byte) 0xFF, '}'}, new byte[0]), "is not UTF-8"),
                row("overlong UTF-8", file(new byte[] {'{', (byte) 0xC0, (byte) 0xAF, '}'}, new byte[0]), "UTF-8"),
                row("not JSON", file("{not json}", 0), "not the expected JSON"),
                row("JSON cut off", file("{\"a\":{\"dtype\":\"F32\"", 0), "not the expected JSON"),
                row("a list", file("[]", 0), "does not start with '{'"),
                row("blank before the brace", file(" {}", 0), "does not start with '{'"),
                row("two JSON values", file("{} {}", 0), "more than one JSON value"),
                row("trailing letters", file("{}x", 0), "not the expected JSON"),
                row("trailing zero bytes in the header", file("{}\0\0", 0), "not the expected JSON"),
                row("same tensor twice", file("{" + good + "," + good + "}", 8), "Duplicate field 'a'"),
                row("same field twice", file(fields("\"dtype\":\"F32\",\"dtype\":\"F32\""), 0), "Duplicate field"),
                row("tensor is a number", file("{\"a\":3}", 0), "tensor 'a' is not described by an object"),
                row("tensor is a list", file("{\"a\":[]}", 0), "tensor 'a' is not described by an object"),
                row("tensor is null", file("{\"a\":null}", 0), "tensor 'a' is not described by an object"),
                row("no dtype", file(fields("\"shape\":[],\"data_offsets\":[0,4]"), 4), "needs dtype"),
                row("no shape", file(fields("\"dtype\":\"F32\",\"data_offsets\":[0,4]"), 4), "needs dtype, shape"),
                row("no offsets", file(fields("\"dtype\":\"F32\",\"shape\":[]"), 4), "two data_offsets"),
                row(
                        "one offset",
                        file(fields("\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[4]"), 4),
                        "two data_off"),
                row("unknown field", file(fields("\"stride\":[1]"), 0), "unknown field 'stride'"),
                row("unknown dtype", file("{" + tensor("a", "F33", "[2]", 0, 8) + "}", 8), "dtype 'F33' is not known"),
                row("dtype is a number", file(fields("\"dtype\":4"), 0), "dtype is not a string"),
                row("shape is a string", file(fields("\"shape\":\"2\""), 0), "shape is not an array"),
                row("negative shape", file("{" + tensor("a", "F32", "[-2]", 0, 8) + "}", 8), "negative number -2"),
                row("two negative lengths", file("{" + tensor("a", "F32", "[-2,-1]", 0, 8) + "}", 8), "negative"),
                row("broken shape", file("{" + tensor("a", "F32", "[2.0]", 0, 8) + "}", 8), "whole numbers"),
                row(
                        "length beyond 64 bits",
                        file("{" + tensor("a", "F32", "[18446744073709551616]", 0, 8) + "}", 8),
                        "JSON"),
                row(
                        "length beyond any number",
                        file("{" + tensor("a", "F32", "[" + "9".repeat(400) + "]", 0, 8) + "}", 8),
                        "JSON"),
                row(
                        "thousands of dimensions",
                        file("{" + tensor("a", "F32", dims(5000), 0, 4) + "}", 4),
                        "short array"),
                row("shape in shape", file("{" + tensor("a", "F32", "[[2]]", 0, 8) + "}", 8), "whole numbers"),
                row("negative offset", file("{" + tensor("a", "F32", "[2]", -8, 0) + "}", 8), "negative number -8"),
                row("ends before it begins", file("{" + tensor("a", "F32", "[2]", 8, 0) + "}", 8), "ends at 0 before"),
                row(
                        "element count overflows",
                        file("{" + tensor("a", "F32", "[4294967296,4294967296]", 0, 0) + "}", 0),
                        "overflows"),
                row(
                        "byte count overflows",
                        file("{" + tensor("a", "F64", "[2305843009213693952]", 0, 0) + "}", 0),
                        "overflows"),
                row(
                        "overflow before a zero",
                        file("{" + tensor("a", "F32", "[9223372036854775807,9,0]", 0, 0) + "}", 0),
                        "overflows"),
                row(
                        "shape larger than offsets",
                        file("{" + tensor("a", "F32", "[3]", 0, 8) + "}", 8),
                        "needs 12 bytes, offsets 0–8 hold 8"),
                row(
                        "shape smaller than offsets",
                        file("{" + tensor("a", "F32", "[1]", 0, 8) + "}", 8),
                        "needs 4 bytes"),
                row("hole at the start", file("{" + tensor("a", "F32", "[1]", 4, 8) + "}", 8), "expected 0 (hole)"),
                row(
                        "hole between",
                        file("{" + good + "," + tensor("b", "F32", "[1]", 12, 16) + "}", 16),
                        "'b' begins at data offset 12, expected 8 (hole)"),
                row(
                        "overlap",
                        file("{" + good + "," + tensor("b", "F32", "[2]", 4, 12) + "}", 12),
                        "'b' begins at data offset 4, expected 8 (overlap)"),
                row("same bytes twice", file("{" + good + "," + tensor("b", "F32", "[2]", 0, 8) + "}", 8), "(overlap)"),
                row(
                        "zero-size tensor inside another",
                        file("{" + good + "," + tensor("b", "F32", "[0]", 4, 4) + "}", 8),
                        "'b' begins at data offset 4"),
                row(
                        "zero-size tensor beyond the end",
                        file("{" + good + "," + tensor("b", "F32", "[0]", 16, 16) + "}", 8),
                        "(hole)"),
                row("data cut off", file("{" + good + "}", 7), "truncated: header says 8 bytes of data, file holds 7"),
                row("metadata_incomplete_buffer", file("{" + good + "}", 0), "truncated: header says 8"),
                row("bytes behind the data", file("{" + good + "}", 9), "trailing bytes: header says 8"),
                row("bytes without tensors", file("{}", 1), "trailing bytes"),
                row(
                        "tensor beyond any file",
                        file("{" + tensor("a", "U8", "[9223372036854775807]", 0, Long.MAX_VALUE) + "}", 8),
                        "truncated"),
                row("metadata is a list", file("{\"__metadata__\":[]}", 0), "__metadata__ is not an object"),
                row("metadata holds a number", file("{\"__metadata__\":{\"a\":1}}", 0), "'a' is not a string"),
                row("metadata holds an object", file("{\"__metadata__\":{\"a\":{}}}", 0), "'a' is not a string"),
                row("deep nesting", file("{\"a\":" + "{\"a\":".repeat(5000), 0), "unknown field"),
                row("deep nesting in a shape", file(fields("\"shape\":" + "[".repeat(5000)), 0), "whole numbers"));
    }

    private static Arguments row(String what, byte[] file, String reason) {
        return Arguments.of(what, file, reason);
    }

    private static String fields(String fields) {
        return "{\"a\":{" + fields + "}}";
    }

    private static String dims(int count) {
        return IntStream.range(0, count).mapToObj(i -> "1").collect(Collectors.joining(",", "[", "]"));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("attacks")
    void anAttackIsRefusedWithFileAndReason(String what, byte[] bytes, String reason) throws IOException {
        Path file = Files.write(folder.resolve("model.safetensors"), bytes);
        long before = allocated();
        DamagedFileException refused = assertThrows(
                DamagedFileException.class, () -> SafetensorsFile.open(file).close());
        assertTrue(allocated() - before < MOST_ALLOCATED, () -> "allocated " + (allocated() - before));
        assertTrue(String.valueOf(refused.getMessage()).contains(reason), refused::getMessage);
        assertTrue(String.valueOf(refused.getMessage()).startsWith(file.toString()), refused::getMessage);
    }

    @Test
    void aFileCutAtAnyLengthIsRefused() throws IOException {
        byte[] whole = SafetensorsMutantsTest.validFile();
        Path file = folder.resolve("model.safetensors");
        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThrows(DamagedFileException.class, () -> SafetensorsFile.open(file), "cut at " + length);
        }
        Files.write(file, whole);
        SafetensorsFile.open(file).close();
    }

    @Test
    void emptyScalarAndOddTensorsAreAllowed() throws IOException {
        String header = "{\"__metadata__\":{\"format\":\"pt\"},"
                + String.join(
                        ",",
                        tensor("later", "F64", "[1]", 4, 12),
                        tensor("scalar", "F32", "[]", 0, 4),
                        tensor("none", "F32", "[0]", 0, 0),
                        tensor("none of many", "F32", "[3,0,9223372036854775807]", 12, 12),
                        tensor("über", "BOOL", "[1,1,1]", 12, 13))
                + "}   ";
        Path file = Files.write(folder.resolve("model.safetensors"), file(header, 13));
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            assertEquals(
                    List.of("later", "scalar", "none", "none of many", "über"),
                    List.copyOf(opened.entries().keySet()));
        }
    }

    @Test
    void aHeaderOfAHundredThousandTensorsIsReadInProportionToItsSize() throws IOException {
        String header = IntStream.range(0, 100_000)
                .mapToObj(i -> tensor("t" + i, "U8", "[1]", i, i + 1))
                .collect(Collectors.joining(",", "{", "}"));
        Path file = Files.write(folder.resolve("model.safetensors"), file(header, 100_000));
        long before = allocated();
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            assertEquals(100_000, opened.entries().size());
        }
        assertTrue(allocated() - before < 32 * Files.size(file), () -> "allocated " + (allocated() - before));
    }

    @Test
    void aFileThatShrinksWhileOpenGivesAnException() throws IOException {
        Path file =
                Files.write(folder.resolve("model.safetensors"), file("{" + tensor("a", "F32", "[2]", 0, 8) + "}", 8));
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            Files.write(file, Arrays.copyOf(Files.readAllBytes(file), (int) Files.size(file) - 3));
            DamagedFileException refused = assertThrows(
                    DamagedFileException.class,
                    () -> opened.read(
                            "a", new WeightSource.Slice(1, 2, 0, 2, 1), TensorType.FLOAT32, ByteBuffer.allocate(8)));
            assertTrue(
                    String.valueOf(refused.getMessage()).contains("truncated while being read, at offset"),
                    refused::getMessage);
        }
    }

    static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getThreadAllocatedBytes(Thread.currentThread().getId());
    }
}
