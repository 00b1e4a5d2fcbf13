package io.shardlab.engine;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;

/**
 * Root-mean-square normalisation, forward and backward, in loops over storage in main memory.
 *
 * <p>The engine's operators would pass over the tensor about six times forward and sixteen times backward; here each is read
 * once. Norms are computed on every tensor rank, so what they cost is not divided by tensor parallelism. Formulas, for a
 * row x of D elements: r = 1/√(mean x² + ε), y = x·r·w; dx = r·g·w − x·r³/D·Σ g·w·x, dw = Σ over rows of g·x·r. Sums run in
 * eight interleaved lanes: always the same order, and one that a processor does side by side.
 *
 * @param numRows N
 * @param width D
 */
record HostNorm(int numRows, int width, double epsilon) {

    private static final int LANES = 8;

    /** y of x, both [N,D], by the weight [D]; gives r [N]. */
    double[] forward(TensorType type, ByteBuffer x, ByteBuffer weight, ByteBuffer y) {
        double[] roots = new double[numRows];
        if (type == TensorType.FLOAT32) {
            forward(x.asFloatBuffer(), floats(weight.asFloatBuffer()), y.asFloatBuffer(), roots);
        } else {
            forward(x.asDoubleBuffer(), doubles(weight.asDoubleBuffer()), y.asDoubleBuffer(), roots);
        }
        return roots;
    }

    /** dx of g, both [N,D]; adds to the weight's gradient [D]. */
    void backward(TensorType type, Saved saved, ByteBuffer g, ByteBuffer dx, ByteBuffer weightGradient) {
        if (type == TensorType.FLOAT32) {
            backward(saved, g.asFloatBuffer(), dx.asFloatBuffer(), weightGradient.asFloatBuffer());
        } else {
            backward(saved, g.asDoubleBuffer(), dx.asDoubleBuffer(), weightGradient.asDoubleBuffer());
        }
    }

    /** What the backward pass reads: the input, the weight and r of each row. */
    record Saved(ByteBuffer x, ByteBuffer weight, double[] roots) {}

    private static float[] floats(FloatBuffer buffer) {
        float[] values = new float[buffer.limit()];
        buffer.get(0, values);
        return values;
    }

    private static double[] doubles(DoubleBuffer buffer) {
        double[] values = new double[buffer.limit()];
        buffer.get(0, values);
        return values;
    }

    private void forward(FloatBuffer x, float[] weight, FloatBuffer y, double[] roots) {
        float[] row = new float[width];
        for (int n = 0; n < numRows; n++) {
            x.get(n * width, row);
            double root = 1 / Math.sqrt(dot(row, row) / width + epsilon);
            roots[n] = root;
            float r = (float) root;
            for (int i = 0; i < width; i++) {
                row[i] = row[i] * r * weight[i];
            }
            y.put(n * width, row);
        }
    }

    private void backward(Saved saved, FloatBuffer g, FloatBuffer dx, FloatBuffer weightGradient) {
        FloatBuffer x = saved.x.asFloatBuffer();
        float[] weight = floats(saved.weight.asFloatBuffer());
        float[] dw = new float[width];
        float[] xs = new float[width];
        float[] gs = new float[width];
        for (int n = 0; n < numRows; n++) {
            x.get(n * width, xs);
            g.get(n * width, gs);
            float r = (float) saved.roots[n];
            for (int i = 0; i < width; i++) {
                dw[i] += gs[i] * xs[i] * r;
                gs[i] *= weight[i];
            }
            float c = (float) (dot(gs, xs) * saved.roots[n] * saved.roots[n] * saved.roots[n] / width);
            for (int i = 0; i < width; i++) {
                gs[i] = gs[i] * r - xs[i] * c;
            }
            dx.put(n * width, gs);
        }
        for (int i = 0; i < width; i++) {
            weightGradient.put(i, weightGradient.get(i) + dw[i]);
        }
    }

    private static double dot(float[] a, float[] b) {
        float[] sums = new float[LANES];
        int whole = a.length - a.length % LANES;
        float s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
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
        for (int i = whole; i < a.length; i++) {
            sums[i - whole] = a[i] * b[i];
        }
        double tail = 0;
        for (float sum : sums) {
            tail += sum;
        }
        return (double) s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + tail;
    }

    private void forward(DoubleBuffer x, double[] weight, DoubleBuffer y, double[] roots) {
        double[] row = new double[width];
        for (int n = 0; n < numRows; n++) {
            x.get(n * width, row);
            double root = 1 / Math.sqrt(dot(row, row) / width + epsilon);
            roots[n] = root;
            for (int i = 0; i < width; i++) {
                row[i] = row[i] * root * weight[i];
            }
            y.put(n * width, row);
        }
    }

    private void backward(Saved saved, DoubleBuffer g, DoubleBuffer dx, DoubleBuffer weightGradient) {
        DoubleBuffer x = saved.x.asDoubleBuffer();
        double[] weight = doubles(saved.weight.asDoubleBuffer());
        double[] dw = new double[width];
        double[] xs = new double[width];
        double[] gs = new double[width];
        for (int n = 0; n < numRows; n++) {
            x.get(n * width, xs);
            g.get(n * width, gs);
            double r = saved.roots[n];
            for (int i = 0; i < width; i++) {
                dw[i] += gs[i] * xs[i] * r;
                gs[i] *= weight[i];
            }
            double c = dot(gs, xs) * r * r * r / width;
            for (int i = 0; i < width; i++) {
                gs[i] = gs[i] * r - xs[i] * c;
            }
            dx.put(n * width, gs);
        }
        for (int i = 0; i < width; i++) {
            weightGradient.put(i, weightGradient.get(i) + dw[i]);
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
