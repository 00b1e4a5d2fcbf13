package io.shardlab.engine;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2): bias correction, epsilon added to the root.
 *
 * <p>One pass over weight, gradient and both moments, in blocks that stay in the first-level cache; plain loops over arrays,
 * which the JIT compiler turns into vector instructions. Element by element, so the result does not depend on the layout.
 */
public record AdamW(double beta1, double beta2, double epsilon, double weightDecay) {

    private static final int BLOCK = 256;

    /**
     * Updates one parameter.
     *
     * @param weight changed in place
     * @param gradient read
     * @param first first moment, changed in place
     * @param second second moment, changed in place
     * @param factors of this step
     */
    void apply(
            TensorType type,
            ByteBuffer weight,
            ByteBuffer gradient,
            ByteBuffer first,
            ByteBuffer second,
            Factors factors) {
        switch (type) {
            case FLOAT32 -> floats(
                    weight.asFloatBuffer(),
                    gradient.asFloatBuffer(),
                    first.asFloatBuffer(),
                    second.asFloatBuffer(),
                    factors);
            case FLOAT64 -> doubles(
                    weight.asDoubleBuffer(),
                    gradient.asDoubleBuffer(),
                    first.asDoubleBuffer(),
                    second.asDoubleBuffer(),
                    factors);
        }
    }

    /** The scalars of one step for one parameter. */
    record Factors(double keep, double stepSize, double rootCorrection, double gradientScale) {}

    Factors factors(double rate, long step, boolean decays, double gradientScale) {
        double correction1 = 1 - Math.pow(beta1, step);
        double correction2 = 1 - Math.pow(beta2, step);
        return new Factors(
                decays ? 1 - rate * weightDecay : 1, rate / correction1, Math.sqrt(correction2), gradientScale);
    }

    private void floats(FloatBuffer w, FloatBuffer g, FloatBuffer m, FloatBuffer v, Factors factors) {
        float[] ws = new float[BLOCK];
        float[] gs = new float[BLOCK];
        float[] ms = new float[BLOCK];
        float[] vs = new float[BLOCK];
        for (int start = 0; start < w.limit(); start += BLOCK) {
            int count = Math.min(BLOCK, w.limit() - start);
            w.get(start, ws, 0, count);
            g.get(start, gs, 0, count);
            m.get(start, ms, 0, count);
            v.get(start, vs, 0, count);
            update(ws, gs, ms, vs, count, factors);
            w.put(start, ws, 0, count);
            m.put(start, ms, 0, count);
            v.put(start, vs, 0, count);
        }
    }

    private void update(float[] w, float[] g, float[] m, float[] v, int count, Factors factors) {
        float b1 = (float) beta1;
        float c1 = (float) (1 - beta1);
        float b2 = (float) beta2;
        float c2 = (float) (1 - beta2);
        float eps = (float) epsilon;
        float keep = (float) factors.keep;
        float size = (float) factors.stepSize;
        float root = (float) (1 / factors.rootCorrection);
        float scale = (float) factors.gradientScale;
        for (int i = 0; i < count; i++) {
            float gradient = g[i] * scale;
            m[i] = b1 * m[i] + c1 * gradient;
            v[i] = b2 * v[i] + c2 * gradient * gradient;
            w[i] = keep * w[i] - size * m[i] / ((float) Math.sqrt(v[i]) * root + eps);
        }
    }

    private void doubles(DoubleBuffer w, DoubleBuffer g, DoubleBuffer m, DoubleBuffer v, Factors factors) {
        for (int i = 0; i < w.limit(); i++) {
            double gradient = g.get(i) * factors.gradientScale;
            double first = beta1 * m.get(i) + (1 - beta1) * gradient;
            double second = beta2 * v.get(i) + (1 - beta2) * gradient * gradient;
            m.put(i, first);
            v.put(i, second);
            double denominator = Math.sqrt(second) / factors.rootCorrection + epsilon;
            w.put(i, factors.keep * w.get(i) - factors.stepSize * first / denominator);
        }
    }
}
