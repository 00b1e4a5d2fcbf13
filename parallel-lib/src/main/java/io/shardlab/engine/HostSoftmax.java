package io.shardlab.engine;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * The way back through a causal softmax, row by row: ds = p∘(dp − Σ p·dp), and 0 where a row does not look.
 *
 * @param tokens T: row i of a square looks at columns 0 … i
 */
record HostSoftmax(int tokens) {

    private static final int LANES = 8;

    /** Puts dS in the place of dP [T,T], for the square that begins at a row of P [rows,T]. */
    void backward(TensorType type, ByteBuffer p, int firstRow, ByteBuffer square) {
        if (type == TensorType.FLOAT32) {
            backward(p.asFloatBuffer(), firstRow, square.asFloatBuffer());
        } else {
            backward(p.asDoubleBuffer(), firstRow, square.asDoubleBuffer());
        }
    }

    private void backward(FloatBuffer p, int firstRow, FloatBuffer square) {
        float[] ps = new float[tokens];
        float[] row = new float[tokens];
        for (int i = 0; i < tokens; i++) {
            p.get((firstRow + i) * tokens, ps);
            square.get(i * tokens, row);
            // Whole lanes, so that the loops stay simple: p is 0 in what is read too much.
            int count = Math.min(tokens, (i / LANES + 1) * LANES);
            float sum = dot(ps, row, count);
            for (int j = 0; j < count; j++) {
                row[j] = ps[j] * (row[j] - sum);
            }
            Arrays.fill(row, count, tokens, 0f);
            square.put(i * tokens, row);
        }
    }

    private static float dot(float[] a, float[] b, int count) {
        float s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
        int whole = count - count % LANES;
        for (int i = 0; i < whole; i += LANES) {
            s0 += a[i] * b[i];
            s1 += a[i + 1] * b[i + 1];
            s2 += a[i + 2] * b[i + 2];
            s3 += a[i + 3] * b[i + 3];
            s4 += a[i + 4] * b[i + 4];
            s5 += a[i + 5] * b[i + 5];
            s6 += a[i + 6] * b[i + 6];
            s7 += a[i + 7] * b[i + 7];
        }
        float tail = 0;
        for (int i = whole; i < count; i++) {
            tail += a[i] * b[i];
        }
        return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + tail;
    }

    private void backward(DoubleBuffer p, int firstRow, DoubleBuffer square) {
        for (int i = 0; i < tokens; i++) {
            int from = (firstRow + i) * tokens;
            int to = i * tokens;
            double sum = 0;
            for (int j = 0; j <= i; j++) {
                sum += p.get(from + j) * square.get(to + j);
            }
            for (int j = 0; j < tokens; j++) {
                square.put(to + j, j <= i ? p.get(from + j) * (square.get(to + j) - sum) : 0);
            }
        }
    }
}
