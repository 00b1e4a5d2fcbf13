package io.shardlab.engine;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;

/**
 * Which elements of a block's output are dropped in one micro-batch: a function of seed, step, place in the model and place
 * in the global batch, so that every layout drops the same ones, and going back needs no mask kept.
 *
 * <p>Srivastava et al. 2014; what stays is divided by 1 − p. The generator is SplitMix64 (Steele et al. 2014) read by its
 * counter: one number decides two elements.
 *
 * @param probability p, 0 for none
 * @param step of the training data
 * @param firstToken number, within the global batch, of the first token whose values the rank has
 */
public record Dropout(double probability, long seed, long step, long firstToken) {

    public static final Dropout NONE = new Dropout(0, 0, 0, 0);

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    private static final int BLOCK = 1024;

    public Dropout {
        if (!(probability >= 0 && probability < 1)) {
            throw new IllegalArgumentException("dropout " + probability + " must be at least 0 and below 1");
        }
    }

    boolean drops() {
        return probability > 0;
    }

    /** The finaliser of SplitMix64. */
    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    private long key(String segment) {
        long key = mix(seed + GOLDEN);
        key = mix(key + step + GOLDEN);
        for (int i = 0; i < segment.length(); i++) {
            key = mix(key + segment.charAt(i) + GOLDEN);
        }
        return key;
    }

    /**
     * Puts the elements of {@code from} that stay into {@code to}, and zeros for the others.
     *
     * @param segment whose output it is
     * @param first number of the first element within the whole batch's tensor
     */
    void apply(String segment, long first, TensorType type, ByteBuffer from, ByteBuffer to) {
        long key = key(segment);
        // Whatever lies below the threshold, of 2³² numbers, is dropped.
        long threshold = Math.round(probability * (1L << 32));
        double scale = 1 / (1 - probability);
        boolean[] stays = new boolean[BLOCK];
        int count = from.remaining() / type.bytes();
        for (int start = 0; start < count; start += BLOCK) {
            int length = Math.min(BLOCK, count - start);
            choose(key, first + start, threshold, stays, length);
            if (type == TensorType.FLOAT32) {
                keep(from.asFloatBuffer(), to.asFloatBuffer(), start, length, stays, (float) scale);
            } else {
                keep(from.asDoubleBuffer(), to.asDoubleBuffer(), start, length, stays, scale);
            }
        }
    }

    private static void choose(long key, long first, long threshold, boolean[] stays, int length) {
        for (int i = 0; i < length; i++) {
            long element = first + i;
            long drawn = mix(key + (element >>> 1) * GOLDEN);
            long half = (element & 1) == 0 ? drawn & 0xFFFFFFFFL : drawn >>> 32;
            stays[i] = half >= threshold;
        }
    }

    private static void keep(FloatBuffer from, FloatBuffer to, int start, int length, boolean[] stays, float scale) {
        float[] values = new float[length];
        from.get(start, values);
        for (int i = 0; i < length; i++) {
            values[i] = stays[i] ? values[i] * scale : 0;
        }
        to.put(start, values);
    }

    private static void keep(DoubleBuffer from, DoubleBuffer to, int start, int length, boolean[] stays, double scale) {
        for (int i = 0; i < length; i++) {
            to.put(start + i, stays[i] ? from.get(start + i) * scale : 0);
        }
    }
}
