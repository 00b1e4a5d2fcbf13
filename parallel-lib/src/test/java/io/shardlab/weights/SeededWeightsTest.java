package io.shardlab.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.WeightSource.Slice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Initial weights depend on seed, name and place in the whole tensor, and on nothing else. */
final class SeededWeightsTest {

    private static float[] floats(SeededWeights source, ParameterSpec parameter, int index) {
        Slice slice = Slice.of(parameter, index);
        ByteBuffer target = ByteBuffer.allocate((int) slice.numElements() * 4).order(ByteOrder.nativeOrder());
        source.read(parameter, slice, TensorType.FLOAT32, target);
        float[] values = new float[target.capacity() / 4];
        target.flip().asFloatBuffer().get(values);
        return values;
    }

    private static ParameterSpec whole(String name, long... dims) {
        return new ParameterSpec(name, TensorShape.of(dims), Placement.replicated(), 0.02);
    }

    @Test
    void anySliceIsTheSliceOfTheWholeTensor() {
        SeededWeights source = new SeededWeights(7);
        Random random = new Random(1);
        for (int trial = 0; trial < 200; trial++) {
            long[] dims = {1 + random.nextInt(6), 1 + random.nextInt(6), 1 + random.nextInt(6)};
            float[] full = floats(source, whole("w" + trial, dims), 0);
            int dim = random.nextInt(3);
            List<Extent> extents = new ArrayList<>();
            for (int rank = 0; rank < 3; rank++) {
                long start = random.nextInt((int) dims[dim]);
                extents.add(new Extent(start, random.nextInt((int) (dims[dim] - start) + 1)));
            }
            ParameterSpec split =
                    new ParameterSpec("w" + trial, TensorShape.of(dims), new Placement.Split(dim, extents), 0.02);
            for (int rank = 2; rank >= 0; rank--) {
                assertArrayEquals(sliced(full, dims, dim, extents.get(rank)), floats(source, split, rank));
            }
        }
    }

    private static float[] sliced(float[] full, long[] dims, int dim, Extent extent) {
        List<Float> kept = new ArrayList<>();
        for (int i = 0; i < full.length; i++) {
            long[] at = {i / (dims[1] * dims[2]), i / dims[2] % dims[1], i % dims[2]};
            if (at[dim] >= extent.start() && at[dim] < extent.end()) {
                kept.add(full[i]);
            }
        }
        float[] values = new float[kept.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = kept.get(i);
        }
        return values;
    }

    @Test
    void meanAndDeviationAreThoseAskedFor() {
        float[] values = floats(new SeededWeights(3), whole("layers.0.weight", 1000, 1000), 0);
        double sum = 0;
        double squares = 0;
        double fourth = 0;
        for (float value : values) {
            sum += value;
            squares += (double) value * value;
            fourth += Math.pow(value, 4);
        }
        double mean = sum / values.length;
        double variance = squares / values.length - mean * mean;
        // Standard errors of a million draws: mean 2e-5, deviation 1.3e-5; the bounds are five of them.
        assertEquals(0, mean, 1e-4);
        assertEquals(0.02, Math.sqrt(variance), 7e-5);
        // Four uniforms: kurtosis 3 − 1.2 / 4.
        assertEquals(2.7, fourth / values.length / (variance * variance), 0.02);
    }

    @Test
    void float64RunsStartFromTheSameNumbers() {
        ParameterSpec parameter = whole("w", 20, 30);
        float[] narrow = floats(new SeededWeights(11), parameter, 0);
        ByteBuffer wide = ByteBuffer.allocate(600 * 8).order(ByteOrder.nativeOrder());
        new SeededWeights(11).read(parameter, Slice.of(parameter, 0), TensorType.FLOAT64, wide);
        for (int i = 0; i < narrow.length; i++) {
            assertEquals((double) narrow[i], wide.getDouble(8 * i));
        }
    }

    @Test
    void otherSeedsAndOtherNamesGiveOtherWeights() {
        float[] first = floats(new SeededWeights(0), whole("a", 50), 0);
        for (float[] other : List.of(
                floats(new SeededWeights(1), whole("a", 50), 0),
                floats(new SeededWeights(-1), whole("a", 50), 0),
                floats(new SeededWeights(0), whole("b", 50), 0),
                floats(new SeededWeights(0), whole("aa", 50), 0))) {
            for (int i = 0; i < first.length; i++) {
                assertNotEquals(first[i], other[i]);
            }
        }
        assertArrayEquals(first, floats(new SeededWeights(0), whole("a", 50), 0));
    }

    @Test
    void normsStartAsOnes() {
        ParameterSpec norm = new ParameterSpec("norm", TensorShape.of(5), Placement.replicated(), 0);
        assertArrayEquals(new float[] {1, 1, 1, 1, 1}, floats(new SeededWeights(9), norm, 0));
    }

    /** Saved runs and other people's figures rest on these bits: they may never change. */
    @Test
    void theBitsAreThoseOfTheFirstRelease() {
        assertArrayEquals(
                new int[] {
                    0xBCB5E9B8, 0x3D16F231, 0xBD104687, 0xBC15D92F, 0x3ADB6A8C, 0xBC4F8692, 0x3D14A858, 0xBD001042
                },
                bits(floats(new SeededWeights(0), whole("model.embed_tokens.weight", 4, 2), 0)));
        assertArrayEquals(
                new int[] {
                    0xBB96606C, 0x3C9739B1, 0x3C280481, 0xBBFCA30E, 0x3CF850C2, 0x3D20F866, 0x3C0CEFDE, 0x3CBD6656
                },
                bits(floats(new SeededWeights(42), whole("model.layers.0.mlp.up_proj.weight", 4, 2), 0)));
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }
}
