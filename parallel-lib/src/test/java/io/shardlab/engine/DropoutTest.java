package io.shardlab.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Dropout's masks depend on where an element stands, and on nothing else. */
final class DropoutTest {

    private static final int COUNT = 200_000;

    private static ByteBuffer ones(int count) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(8 * count).order(ByteOrder.nativeOrder());
        for (int i = 0; i < count; i++) {
            bytes.putDouble(8 * i, 1);
        }
        return bytes;
    }

    private static double[] mask(Dropout dropout, String segment, long first, int count) {
        ByteBuffer to = ones(count);
        dropout.apply(segment, first, TensorType.FLOAT64, ones(count), to);
        return GradientTest.doubles(to);
    }

    private static int dropped(double[] mask) {
        int dropped = 0;
        for (double value : mask) {
            dropped += value == 0 ? 1 : 0;
        }
        return dropped;
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.01, 0.1, 0.5, 0.9})
    void itDropsItsShareAndKeepsTheMean(double p) {
        double[] mask = mask(new Dropout(p, 7, 3, 0), "layers.0.mlp", 0, COUNT);
        double deviation = Math.sqrt(COUNT * p * (1 - p));
        assertEquals(COUNT * p, dropped(mask), 4 * deviation);
        for (double value : mask) {
            assertTrue(value == 0 || value == 1 / (1 - p));
        }
    }

    /** Neighbours, and the same element elsewhere, are dropped together no more often than chance has it. */
    @Test
    void elementsStepsSegmentsAndSeedsAreIndependent() {
        double p = 0.3;
        double[] mask = mask(new Dropout(p, 7, 3, 0), "layers.0.mlp", 0, COUNT);
        double[][] others = {
            mask(new Dropout(p, 7, 3, 0), "layers.0.mlp", 1, COUNT),
            mask(new Dropout(p, 7, 3, 0), "layers.0.mlp", 2, COUNT),
            mask(new Dropout(p, 7, 4, 0), "layers.0.mlp", 0, COUNT),
            mask(new Dropout(p, 8, 3, 0), "layers.0.mlp", 0, COUNT),
            mask(new Dropout(p, 7, 3, 0), "layers.1.mlp", 0, COUNT),
        };
        for (double[] other : others) {
            int both = 0;
            for (int i = 0; i < COUNT; i++) {
                both += mask[i] == 0 && other[i] == 0 ? 1 : 0;
            }
            assertEquals(COUNT * p * p, both, 4 * Math.sqrt(COUNT * p * p * (1 - p * p)));
        }
    }

    @Test
    void aPartIsMaskedAsItIsInTheWhole() {
        Dropout dropout = new Dropout(0.4, 1, 2, 0);
        double[] whole = mask(dropout, "x", 0, 5000);
        for (int first : new int[] {0, 1, 1023, 2048}) {
            assertArrayEquals(Arrays.copyOfRange(whole, first, first + 2500), mask(dropout, "x", first, 2500));
        }
    }

    @Test
    void bothTypesDropTheSame() {
        Dropout dropout = new Dropout(0.4, 1, 2, 0);
        double[] wide = mask(dropout, "x", 77, 3000);
        ByteBuffer from = ByteBuffer.allocateDirect(4 * 3000).order(ByteOrder.nativeOrder());
        for (int i = 0; i < 3000; i++) {
            from.putFloat(4 * i, 1);
        }
        ByteBuffer to = ByteBuffer.allocateDirect(4 * 3000).order(ByteOrder.nativeOrder());
        dropout.apply("x", 77, TensorType.FLOAT32, from, to);
        for (int i = 0; i < 3000; i++) {
            assertEquals((float) wide[i], to.getFloat(4 * i));
        }
    }

    @Test
    void aShareOfOneIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Dropout(1, 0, 0, 0));
    }
}
