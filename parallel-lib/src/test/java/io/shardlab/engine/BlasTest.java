package io.shardlab.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.shardlab.mesh.Device;
import io.shardlab.tensor.Addition;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BlasTest {

    private static final Engine ENGINE = Engine.djl(Device.cpu(0), 1);
    private static final int BYTES = 40_000;

    @AfterAll
    static void close() {
        ENGINE.close();
    }

    @ParameterizedTest
    @EnumSource(TensorType.class)
    void additionRoundsEachSumOnceAndTouchesNothingElse(TensorType type) {
        Addition addition = ENGINE.addition().orElseThrow();
        for (int numbers : new int[] {1, 7, 16, 1023, 3001}) {
            ByteBuffer sums = random(type, 1);
            ByteBuffer summands = random(type, 2);
            int at = 3 * type.bytes();
            int from = 5 * type.bytes();
            ByteBuffer expected = ByteBuffer.allocateDirect(BYTES).order(ByteOrder.nativeOrder());
            expected.put(0, sums, 0, BYTES);
            for (int i = 0; i < numbers * type.bytes(); i += type.bytes()) {
                if (type == TensorType.FLOAT32) {
                    expected.putFloat(at + i, sums.getFloat(at + i) + summands.getFloat(from + i));
                } else {
                    expected.putDouble(at + i, sums.getDouble(at + i) + summands.getDouble(from + i));
                }
            }
            sums.position(8).limit(16); // They do not matter.
            addition.add(type, sums, at, summands, from, numbers * type.bytes());
            assertEquals(expected, sums.clear(), numbers + " numbers");
        }
    }

    @Test
    void additionRefusesWhatItWouldReadOrWriteOutsideOfABuffer() {
        Addition addition = ENGINE.addition().orElseThrow();
        ByteBuffer direct = ByteBuffer.allocateDirect(64);
        ByteBuffer heap = ByteBuffer.allocate(64);
        assertThrows(IndexOutOfBoundsException.class, () -> addition.add(TensorType.FLOAT32, direct, 8, direct, 0, 64));
        assertThrows(IndexOutOfBoundsException.class, () -> addition.add(TensorType.FLOAT32, direct, 0, direct, 4, 64));
        assertThrows(IllegalArgumentException.class, () -> addition.add(TensorType.FLOAT32, heap, 0, direct, 0, 64));
        assertThrows(IllegalArgumentException.class, () -> addition.add(TensorType.FLOAT32, direct, 0, heap, 0, 64));
    }

    /** Large and tiny numbers of both signs, subnormal ones too. */
    private static ByteBuffer random(TensorType type, long seed) {
        Random random = new Random(seed);
        ByteBuffer numbers = ByteBuffer.allocateDirect(BYTES).order(ByteOrder.nativeOrder());
        for (int i = 0; i < BYTES; i += type.bytes()) {
            double value = random.nextGaussian() * Math.pow(10, random.nextInt(80) - 43);
            if (type == TensorType.FLOAT32) {
                numbers.putFloat(i, (float) value);
            } else {
                numbers.putDouble(i, value);
            }
        }
        return numbers;
    }
}
