package io.shardlab.engine;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;

/**
 * Turns the pairs (i, i + E/2) of the first H heads in rows of E-wide heads by their position's angle, in place (Su et al. 2021).
 *
 * @param tokens T; row n stands at position n mod T
 * @param heads H
 * @param headDim E
 * @param stride elements from row to row, at least H·E
 * @param back by the opposite angle, as gradients need: the transpose of a rotation is its inverse
 */
record HostRotary(int tokens, int heads, int headDim, int stride, boolean back) {

    /** By the angles whose cosines and sines are given, each [T,E/2]. */
    void apply(TensorType type, ByteBuffer cosine, ByteBuffer sine, ByteBuffer rows) {
        if (type == TensorType.FLOAT32) {
            apply(cosine.asFloatBuffer(), sine.asFloatBuffer(), rows.asFloatBuffer());
        } else {
            apply(cosine.asDoubleBuffer(), sine.asDoubleBuffer(), rows.asDoubleBuffer());
        }
    }

    private void apply(FloatBuffer cosine, FloatBuffer sine, FloatBuffer rows) {
        int half = headDim / 2;
        int width = heads * headDim;
        float[] c = new float[half];
        float[] s = new float[half];
        float[] a = new float[half];
        float[] b = new float[half];
        float[] row = new float[width];
        for (int n = 0; n < rows.limit() / stride; n++) {
            cosine.get(n % tokens * half, c);
            sine.get(n % tokens * half, s);
            rows.get(n * stride, row);
            for (int start = 0; start < width; start += headDim) {
                System.arraycopy(row, start, a, 0, half);
                System.arraycopy(row, start + half, b, 0, half);
                turn(a, b, c, s);
                System.arraycopy(a, 0, row, start, half);
                System.arraycopy(b, 0, row, start + half, half);
            }
            rows.put(n * stride, row);
        }
    }

    private void turn(float[] a, float[] b, float[] c, float[] s) {
        float sign = back ? -1 : 1;
        for (int i = 0; i < a.length; i++) {
            float first = a[i];
            float second = b[i];
            float sine = sign * s[i];
            a[i] = first * c[i] - second * sine;
            b[i] = second * c[i] + first * sine;
        }
    }

    private void apply(DoubleBuffer cosine, DoubleBuffer sine, DoubleBuffer rows) {
        int half = headDim / 2;
        double sign = back ? -1 : 1;
        for (int head = 0; head < rows.limit() / stride * heads; head++) {
            int angles = head / heads % tokens * half;
            int start = head / heads * stride + head % heads * headDim;
            for (int i = 0; i < half; i++) {
                double c = cosine.get(angles + i);
                double s = sign * sine.get(angles + i);
                double first = rows.get(start + i);
                double second = rows.get(start + half + i);
                rows.put(start + i, first * c - second * s);
                rows.put(start + half + i, second * c + first * s);
            }
        }
    }
}
