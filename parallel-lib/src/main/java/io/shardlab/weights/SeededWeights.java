package io.shardlab.weights;

import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Initial weights made from (seed, parameter name, element index) by a counter-based generator.
 *
 * <p>Each element is a sum of four 16-bit uniforms, shifted to mean 0 and scaled to the parameter's standard deviation: a
 * bell curve made with exact integer arithmetic and one rounding, so the bits do not depend on the Java version, the
 * layout or the order of creation. The mixing function is the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
 */
public record SeededWeights(long seed) implements WeightSource {

    /** Standard deviation of the sum of four uniforms on 0 … 65535: √(4 (65536² − 1) / 12). */
    private static final double SUM_DEVIATION = 37837.22723720648;

    private static final double SUM_MEAN = 4 * 65535 / 2.0;
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    @Override
    public void read(ParameterSpec parameter, Slice slice, TensorType type, ByteBuffer target) {
        long key = key(parameter.name());
        double scale = parameter.standardDeviation() / SUM_DEVIATION;
        for (long o = 0; o < slice.outer(); o++) {
            long first = (o * slice.full() + slice.start()) * slice.inner();
            long count = slice.length() * slice.inner();
            for (long i = 0; i < count; i++) {
                // Rounded to float in both types, so that a float64 run starts from the same numbers as a float32 run.
                float value = (float) (parameter.mean() + scale * (bell(key, first + i) - SUM_MEAN));
                if (type == TensorType.FLOAT32) {
                    target.putFloat(value);
                } else {
                    target.putDouble(value);
                }
            }
        }
    }

    private long key(String name) {
        long key = mix(seed + GOLDEN);
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            key = mix(key + GOLDEN + b);
        }
        return key;
    }

    private static long bell(long key, long index) {
        long bits = mix(key + (index + 1) * GOLDEN);
        return (bits & 0xFFFF) + (bits >>> 16 & 0xFFFF) + (bits >>> 32 & 0xFFFF) + (bits >>> 48);
    }

    static long mix(long value) {
        long z = value;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
