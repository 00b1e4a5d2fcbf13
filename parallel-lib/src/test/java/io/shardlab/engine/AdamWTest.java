package io.shardlab.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.plan.OptimizerSlice;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The optimizer's arithmetic, against a slow reference written from the specification. */
final class AdamWTest {

    private static final AdamW RULE = new AdamW(0.9, 0.95, 1e-8, 0.1);
    private static final double RATE = 3e-3;

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    @ParameterizedTest(name = "{0} elements, decays: {1}, scale {2}")
    @CsvSource({"1,true,1", "7,false,1", "2048,true,0.25", "5001,false,0.25"})
    void float64FollowsTheFormula(int count, boolean decays, double scale) {
        Random random = new Random(count);
        ByteBuffer w = buffer(8 * count);
        ByteBuffer g = buffer(8 * count);
        ByteBuffer m = buffer(8 * count);
        ByteBuffer v = buffer(8 * count);
        double[] weight = random.doubles(count, -1, 1).toArray();
        double[] first = new double[count];
        double[] second = new double[count];
        w.duplicate().order(ByteOrder.nativeOrder()).asDoubleBuffer().put(weight);
        for (int step = 1; step <= 20; step++) {
            double[] gradient = random.doubles(count, -1e-2, 1e-2).toArray();
            g.duplicate().order(ByteOrder.nativeOrder()).asDoubleBuffer().put(gradient);
            RULE.apply(TensorType.FLOAT64, w, g, m, v, RULE.factors(RATE, step, decays, scale));
            for (int i = 0; i < count; i++) {
                double scaled = gradient[i] * scale;
                first[i] = 0.9 * first[i] + 0.1 * scaled;
                second[i] = 0.95 * second[i] + 0.05 * scaled * scaled;
                double mHat = first[i] / (1 - Math.pow(0.9, step));
                double vHat = second[i] / (1 - Math.pow(0.95, step));
                weight[i] -= decays ? RATE * 0.1 * weight[i] : 0;
                weight[i] -= RATE * mHat / (Math.sqrt(vHat) + 1e-8);
                assertEquals(weight[i], w.getDouble(8 * i), 1e-14, "step " + step + " element " + i);
            }
        }
    }

    @ParameterizedTest(name = "{0} elements, decays: {1}, scale {2}")
    @CsvSource({"1,true,1", "7,false,1", "2048,true,0.25", "2049,true,1", "5001,false,0.25"})
    void oneFloat32StepIsWithinTwoUlpsOfTheFormula(int count, boolean decays, double scale) {
        Random random = new Random(count);
        ByteBuffer w = buffer(4 * count);
        ByteBuffer g = buffer(4 * count);
        ByteBuffer m = buffer(4 * count);
        ByteBuffer v = buffer(4 * count);
        for (int i = 0; i < count; i++) {
            w.putFloat(4 * i, random.nextFloat() - 0.5f);
        }
        for (int step = 1; step <= 20; step++) {
            double[] expected = new double[count];
            double[] terms = new double[count];
            for (int i = 0; i < count; i++) {
                float gradient = (random.nextFloat() - 0.5f) * 1e-2f;
                g.putFloat(4 * i, gradient);
                double scaled = gradient * scale;
                double first = 0.9 * m.getFloat(4 * i) + 0.1 * scaled;
                double second = 0.95 * v.getFloat(4 * i) + 0.05 * scaled * scaled;
                double mHat = first / (1 - Math.pow(0.9, step));
                double vHat = second / (1 - Math.pow(0.95, step));
                terms[i] = RATE * mHat / (Math.sqrt(vHat) + 1e-8);
                expected[i] = w.getFloat(4 * i) * (decays ? 1 - RATE * 0.1 : 1) - terms[i];
            }
            RULE.apply(TensorType.FLOAT32, w, g, m, v, RULE.factors(RATE, step, decays, scale));
            for (int i = 0; i < count; i++) {
                // Rounding of the weight itself, and of the update, which a difference of moments can magnify.
                double allowed = 2 * Math.ulp((float) expected[i]) + 1e-5 * RATE;
                assertEquals(expected[i], w.getFloat(4 * i), allowed, "step " + step + " element " + i);
            }
        }
    }

    @Test
    void epsilonIsAddedToTheRoot() {
        // With a gradient of 1e-8 the first step is rate · 1e-8 / (1e-8 + 1e-8): half the rate.
        ByteBuffer w = buffer(8);
        ByteBuffer g = buffer(8).putDouble(0, 1e-8);
        RULE.apply(TensorType.FLOAT64, w, g, buffer(8), buffer(8), RULE.factors(1, 1, false, 1));
        assertEquals(-0.5, w.getDouble(0), 1e-12);
    }

    @Test
    void aZeroGradientLeavesOnlyTheDecay() {
        ByteBuffer w = buffer(8).putDouble(0, 2);
        RULE.apply(TensorType.FLOAT64, w, buffer(8), buffer(8), buffer(8), RULE.factors(0.5, 1, true, 1));
        assertEquals(2 * (1 - 0.5 * 0.1), w.getDouble(0));
    }

    @Test
    void squaredNormsSumEightInterleavedLanesOfEachBlock() {
        for (int count : new int[] {0, 1, 7, 8, 2047, 2048, 2049, 5001}) {
            Random random = new Random(count);
            ByteBuffer narrow = buffer(4 * count);
            ByteBuffer wide = buffer(8 * count);
            double[][] lanes = new double[(count + OptimizerSlice.BLOCK - 1) / OptimizerSlice.BLOCK][8];
            double exact = 0;
            for (int i = 0; i < count; i++) {
                float value = random.nextFloat();
                narrow.putFloat(4 * i, value);
                wide.putDouble(8 * i, value);
                lanes[i / OptimizerSlice.BLOCK][i % 8] += (double) value * value;
                exact += (double) value * value;
            }
            double[] sums = new double[lanes.length];
            for (int block = 0; block < lanes.length; block++) {
                for (double lane : lanes[block]) {
                    sums[block] += lane;
                }
            }
            assertArrayEquals(sums, Norms.squares(TensorType.FLOAT32, narrow), "bitwise, " + count);
            assertArrayEquals(sums, Norms.squares(TensorType.FLOAT64, wide), "bitwise, " + count);
            double sum = Arrays.stream(sums).sum();
            assertEquals(exact, sum, 1e-12 * Math.max(1, exact));
        }
    }
}
