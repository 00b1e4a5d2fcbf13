package io.shardlab.engine;

import io.shardlab.plan.OptimizerSlice;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Sums of squares in double precision, block by block, in an order that depends on nothing but the place in the block: eight
 * interleaved sums. So whoever has some whole blocks has their sums, bit for bit.
 */
final class Norms {

    private static final int LANES = 8;
    private static final int BLOCK = OptimizerSlice.BLOCK;

    private Norms() {}

    /** The sum of each block of {@link OptimizerSlice#BLOCK} elements; the last one may be shorter. */
    static double[] squares(TensorType type, ByteBuffer bytes) {
        int elements = bytes.remaining() / type.bytes();
        double[] blocks = new double[Math.toIntExact(OptimizerSlice.numBlocks(elements))];
        double[] sums = new double[LANES];
        float[] floats = new float[type == TensorType.FLOAT32 ? BLOCK : 0];
        FloatBuffer narrow = bytes.asFloatBuffer();
        DoubleBuffer wide = bytes.asDoubleBuffer();
        for (int i = 0; i < blocks.length; i++) {
            int start = i * BLOCK;
            int count = Math.min(BLOCK, elements - start);
            Arrays.fill(sums, 0);
            switch (type) {
                case FLOAT32 -> {
                    narrow.get(start, floats, 0, count);
                    Arrays.fill(floats, count, BLOCK, 0f);
                    add(sums, floats);
                }
                case FLOAT64 -> add(sums, wide.slice(start, count));
            }
            for (double sum : sums) {
                blocks[i] += sum;
            }
        }
        return blocks;
    }

    private static void add(double[] sums, DoubleBuffer block) {
        for (int i = 0; i < block.limit(); i++) {
            double value = block.get(i);
            sums[i % LANES] += value * value;
        }
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
