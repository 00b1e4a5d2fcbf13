package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.shardlab.tensor.TensorType;
import java.util.HashMap;
import java.util.Map;

/** Tables that many segments share: rotary angles and the causal mask, made once per length. */
final class Constants implements AutoCloseable {

    /** Cosines and sines of position × frequency, [T,1,E/2]. */
    record Rotary(NDArray cosine, NDArray sine) {}

    private record RotaryKey(long tokens, int headDim, double theta) {}

    private final NDManager manager;
    private final TensorType type;
    private final Map<RotaryKey, Rotary> rotaries = new HashMap<>();
    private final Map<Long, NDArray> masks = new HashMap<>();
    private final Map<Double, NDArray> scalars = new HashMap<>();

    Constants(NDManager parent, TensorType type) {
        manager = parent.newSubManager();
        manager.setName("constants");
        this.type = type;
    }

    /** Frequency i of E/2 is θ^(−2i/E) (Su et al. 2021, equation 15); computed in double precision. */
    Rotary rotary(long tokens, int headDim, double theta) {
        return rotaries.computeIfAbsent(new RotaryKey(tokens, headDim, theta), key -> {
            int half = headDim / 2;
            double[] cosine = new double[Math.toIntExact(tokens * half)];
            double[] sine = new double[cosine.length];
            for (int position = 0; position < tokens; position++) {
                for (int i = 0; i < half; i++) {
                    double angle = position * Math.pow(theta, -2.0 * i / headDim);
                    cosine[position * half + i] = Math.cos(angle);
                    sine[position * half + i] = Math.sin(angle);
                }
            }
            Shape shape = new Shape(tokens, 1, half);
            return new Rotary(create(cosine, shape), create(sine, shape));
        });
    }

    /** [T,T]: 0 where a position may look, −∞ at later ones. */
    NDArray causalMask(long tokens) {
        return masks.computeIfAbsent(tokens, key -> {
            int t = Math.toIntExact(tokens);
            double[] mask = new double[Math.multiplyExact(t, t)];
            for (int row = 0; row < t; row++) {
                for (int column = row + 1; column < t; column++) {
                    mask[row * t + column] = Double.NEGATIVE_INFINITY;
                }
            }
            return create(mask, new Shape(t, t));
        });
    }

    /** A number that graphs may keep: an operand given as a Java number would be freed under an autograd graph. */
    NDArray scalar(double value) {
        return scalars.computeIfAbsent(value, key -> create(new double[] {key}, new Shape()));
    }

    private NDArray create(double[] values, Shape shape) {
        if (type == TensorType.FLOAT64) {
            return manager.create(values, shape);
        }
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return manager.create(floats, shape);
    }

    @Override
    public void close() {
        manager.close();
    }
}
