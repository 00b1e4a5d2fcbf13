package io.shardlab.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.WeightSource.Slice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What was written is read, whole or in parts. */
final class SafetensorsRoundTripTest {

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource
    void everyTensorComesBackBitForBit(TensorType type) throws IOException {
        List<TensorShape> shapes = List.of(
                TensorShape.of(),
                TensorShape.of(0),
                TensorShape.of(4, 0, 3),
                TensorShape.of(7),
                TensorShape.of(3, 5),
                TensorShape.of(2, 3, 4),
                TensorShape.of(300_001));
        SafetensorsWriter writer = new SafetensorsWriter();
        for (TensorShape shape : shapes) {
            writer.add("t" + shape, type, shape, numbers(type, shape, shape.hashCode()));
        }
        Path file = folder.resolve("model.safetensors");
        writer.write(file);
        assertEquals(
                0,
                ByteBuffer.wrap(Files.readAllBytes(file))
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .getLong()
                        % 8);
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertEquals(shapes.size(), read.entries().size());
            for (TensorShape shape : shapes) {
                assertEquals(
                        shape,
                        Objects.requireNonNull(read.entries().get("t" + shape)).shape());
                assertArrayEquals(
                        numbers(type, shape, shape.hashCode()).array(), readWhole(read, "t" + shape, shape, type));
            }
        }
        try (var names = Files.list(folder)) {
            assertEquals(List.of(file), names.toList(), "no temporary file stays");
        }
    }

    /** Some are NaN and infinite. */
    private static ByteBuffer numbers(TensorType type, TensorShape shape, int seed) {
        byte[] bytes = new byte[(int) shape.numElements() * type.bytes()];
        new Random(seed).nextBytes(bytes);
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        // A NaN's payload may change on its way through a register; the canonical one does not.
        for (int i = 0; i < shape.numElements(); i++) {
            if (type == TensorType.FLOAT32 && Float.isNaN(buffer.getFloat(i * 4))) {
                buffer.putFloat(i * 4, Float.NaN);
            } else if (type == TensorType.FLOAT64 && Double.isNaN(buffer.getDouble(i * 8))) {
                buffer.putDouble(i * 8, Double.NaN);
            }
        }
        return buffer;
    }

    private static byte[] readWhole(SafetensorsFile file, String name, TensorShape shape, TensorType type) {
        long count = shape.numElements();
        ByteBuffer target = ByteBuffer.allocate((int) count * type.bytes()).order(ByteOrder.nativeOrder());
        file.read(name, new Slice(1, count, 0, count, 1), type, target);
        return target.array();
    }

    @Test
    void everyHalfIsWidenedExactly() throws IOException {
        double[] read = readAllShorts("F16");
        for (int bits = 0; bits < 65536; bits++) {
            int exponent = bits >> 10 & 31;
            int fraction = bits & 1023;
            double magnitude = exponent == 31
                    ? (fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN)
                    : exponent == 0 ? Math.scalb(fraction, -24) : Math.scalb(1024 + fraction, exponent - 25);
            double expected = bits >> 15 == 0 ? magnitude : -magnitude;
            assertEquals(Double.doubleToLongBits(expected), Double.doubleToLongBits(read[bits]), "half " + bits);
        }
    }

    @Test
    void everyBfloat16IsWidenedExactly() throws IOException {
        double[] read = readAllShorts("BF16");
        for (int bits = 0; bits < 65536; bits++) {
            int exponent = bits >> 7 & 255;
            int fraction = bits & 127;
            double magnitude = exponent == 255
                    ? (fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN)
                    : exponent == 0
                            ? Math.scalb((double) fraction, -133)
                            : Math.scalb(128.0 + fraction, exponent - 134);
            double expected = bits >> 15 == 0 ? magnitude : -magnitude;
            assertEquals(Double.doubleToLongBits(expected), Double.doubleToLongBits(read[bits]), "bfloat16 " + bits);
        }
    }

    private double[] readAllShorts(String type) throws IOException {
        ByteBuffer data = ByteBuffer.allocate(65536 * 2).order(ByteOrder.LITTLE_ENDIAN);
        for (int bits = 0; bits < 65536; bits++) {
            data.putShort((short) bits);
        }
        String header = "{" + RawSafetensors.tensor("a", type, "[256,256]", 0, 131072) + "}";
        Path file = Files.write(
                folder.resolve("shorts.safetensors"),
                RawSafetensors.file(header.getBytes(StandardCharsets.UTF_8), data.array()));
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            double[] values = new double[65536];
            ByteBuffer.wrap(readWhole(opened, "a", TensorShape.of(65536), TensorType.FLOAT64))
                    .order(ByteOrder.nativeOrder())
                    .asDoubleBuffer()
                    .get(values);
            float[] floats = new float[65536];
            ByteBuffer.wrap(readWhole(opened, "a", TensorShape.of(65536), TensorType.FLOAT32))
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer()
                    .get(floats);
            for (int i = 0; i < values.length; i++) {
                assertEquals(Double.doubleToLongBits(values[i]), Double.doubleToLongBits(floats[i]));
            }
            return values;
        }
    }

    @ParameterizedTest(name = "dim {0}: {1}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            0 | 0+3 3+3
            0 | 0+1 1+4 5+1
            0 | 0+0 0+6
            1 | 0+2 2+2 4+1
            1 | 0+3 1+3 2+3
            2 | 0+7
            2 | 0+3 3+4
            2 | 0+4 0+4 3+4
            """)
    void aSliceReadAloneIsTheSliceOfTheWhole(int dim, String extents) throws IOException {
        TensorShape shape = TensorShape.of(6, 5, 7);
        Path file = folder.resolve("model.safetensors");
        new SafetensorsWriter()
                .add("before", TensorType.FLOAT32, TensorShape.of(3), numbers(TensorType.FLOAT32, TensorShape.of(3), 1))
                .add("w", TensorType.FLOAT32, shape, ascending(210))
                .write(file);
        List<Extent> parts = List.of(extents.split(" ")).stream()
                .map(text -> text.split("\\+"))
                .map(pair -> new Extent(Long.parseLong(pair[0]), Long.parseLong(pair[1])))
                .toList();
        ParameterSpec parameter = new ParameterSpec("w", shape, new Placement.Split(dim, parts), 0.02);
        try (SafetensorsFolder source = SafetensorsFolder.open(folder)) {
            for (int index = 0; index < parts.size(); index++) {
                TensorShape local = parameter.localShape(index);
                ByteBuffer target =
                        ByteBuffer.allocate((int) local.numElements() * 8).order(ByteOrder.nativeOrder());
                source.read(parameter, Slice.of(parameter, index), TensorType.FLOAT64, target);
                assertFalse(target.hasRemaining());
                long[] start = new long[3];
                start[dim] = parts.get(index).start();
                int at = 0;
                for (long i = start[0]; i < start[0] + local.dim(0); i++) {
                    for (long j = start[1]; j < start[1] + local.dim(1); j++) {
                        for (long k = start[2]; k < start[2] + local.dim(2); k++) {
                            assertEquals((i * 5 + j) * 7 + k, target.getDouble(8 * at++));
                        }
                    }
                }
            }
        }
    }

    private static ByteBuffer ascending(int count) {
        ByteBuffer values = ByteBuffer.allocate(count * 4).order(ByteOrder.nativeOrder());
        for (int i = 0; i < count; i++) {
            values.putFloat(i);
        }
        return values.flip();
    }

    @ParameterizedTest
    @ValueSource(strings = {"I64", "I32", "I16", "I8", "U8", "BOOL"})
    void tensorsOfOtherTypesAreListedButNotReadAsWeights(String type) throws IOException {
        int bytes = SafetensorsFile.ElementType.valueOf(type).bytes();
        Path file = Files.write(
                folder.resolve("model.safetensors"),
                RawSafetensors.file("{" + RawSafetensors.tensor("a", type, "[1]", 0, bytes) + "}", bytes));
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            DamagedFileException refused = assertThrows(
                    DamagedFileException.class, () -> readWhole(opened, "a", TensorShape.of(1), TensorType.FLOAT32));
            assertTrue(String.valueOf(refused.getMessage()).contains("weights of type " + type), refused::getMessage);
        }
    }

    @Test
    void theWriterRefusesWhatItCouldNotReadBack() {
        SafetensorsWriter writer = new SafetensorsWriter();
        writer.add("a", TensorType.FLOAT32, TensorShape.of(2), ByteBuffer.allocate(8));
        assertThrows(
                IllegalArgumentException.class,
                () -> writer.add("a", TensorType.FLOAT32, TensorShape.of(2), ByteBuffer.allocate(8)));
        assertThrows(
                IllegalArgumentException.class,
                () -> writer.add("b", TensorType.FLOAT64, TensorShape.of(2), ByteBuffer.allocate(8)));
        assertThrows(
                IllegalArgumentException.class,
                () -> writer.add("__metadata__", TensorType.FLOAT32, TensorShape.of(2), ByteBuffer.allocate(8)));
    }
}
