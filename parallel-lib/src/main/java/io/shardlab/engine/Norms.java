package io.shardlab.engine;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;

/** Sums of squares in double precision, in an order that depends on nothing but the length: eight interleaved sums. */
final class Norms {

    private static final int LANES = 8;
    private static final int BLOCK = 2048;

    private Norms() {}

    static double squared(TensorType type, ByteBuffer bytes) {
        double[] sums = new double[LANES];
        if (type == TensorType.FLOAT32) {
            FloatBuffer values = bytes.asFloatBuffer();
            float[] block = new float[BLOCK];
            for (int start = 0; start < values.limit(); start += BLOCK) {
                int count = Math.min(BLOCK, values.limit() - start);
                values.get(start, block, 0, count);
                java.util.Arrays.fill(block, count, BLOCK, 0f);
                add(sums, block);
            }
        } else {
            DoubleBuffer values = bytes.asDoubleBuffer();
            for (int i = 0; i < values.limit(); i++) {
                double value = values.get(i);
                sums[i % LANES] += value * value;
            }
        }
        double total = 0;
        for (double sum : sums) {
            total += sum;
        }
        return total;
    }

    private static void add(double[] sums, float[] block) {
        double s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
        double s4 = sums[4], s5 = sums[5], s6 = sums[6], s7 = sums[7];
        for (int i = 0; i < BLOCK; i += LANES) {
            s0 += (double) block[i] * block[i];
            s1 += (double) block[i + 1] * block[i + 1];
            s2 += (double) block[i + 2] * block[i + 2];
            s3 += (double) block[i + 3] * block[i + 3];
            s4 += (double) block[i + 4] * block[i + 4];
            s5 += (double) block[i + 5] * block[i + 5];
            s6 += (double) block[i + 6] * block[i + 6];
            s7 += (double) block[i + 7] * block[i + 7];
        }
        sums[0] = s0;
        sums[1] = s1;
        sums[2] = s2;
        sums[3] = s3;
        sums[4] = s4;
        sums[5] = s5;
        sums[6] = s6;
        sums[7] = s7;
    }
}
