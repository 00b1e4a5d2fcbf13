package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The summed cross-entropy from the scores [t,3,N] of all parts of the vocabulary: Σ log Σ exp − target, every part's
 * exponentials brought to the largest score of all. A few numbers per token, so it runs in main memory and in double precision.
 */
final class VocabularyLossMathematics implements Mathematics {

    private static final int LARGEST = 0;
    private static final int SUM = 1;
    private static final int TARGET = 2;

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        NDArray scores_t3N = inputs.get(0);
        Parts parts = new Parts(new DjlTensor(scores_t3N));
        double loss = 0;
        for (int token = 0; token < parts.numTokens; token++) {
            double largest = parts.largest(token);
            loss += Math.log(parts.exponentials(token, largest)) + largest;
            for (int part = 0; part < parts.numParts; part++) {
                loss -= parts.get(part, TARGET, token);
            }
        }
        return parts.type == TensorType.FLOAT32
                ? scores_t3N.getManager().create((float) loss)
                : scores_t3N.getManager().create(loss);
    }

    /** Fills [t,3,N] with slopes: of each part's sum and target; the largest scores cancel out, so theirs are 0. */
    static void backward(Tensor scores_t3N, double lossGradient, Tensor gradient_t3N) {
        Parts parts = new Parts(scores_t3N);
        Parts slopes = new Parts(gradient_t3N);
        for (int token = 0; token < parts.numTokens; token++) {
            double largest = parts.largest(token);
            double exponentials = parts.exponentials(token, largest);
            for (int part = 0; part < parts.numParts; part++) {
                double share = Math.exp(parts.get(part, LARGEST, token) - largest) / exponentials;
                slopes.put(part, LARGEST, token, 0);
                slopes.put(part, SUM, token, lossGradient * share);
                slopes.put(part, TARGET, token, -lossGradient);
            }
        }
        gradient_t3N.written();
    }

    @Override
    public boolean differentiable(int input) {
        return true;
    }

    private static final class Parts {
        final int numParts;
        final int numTokens;
        final TensorType type;
        private final ByteBuffer bytes;

        Parts(Tensor scores_t3N) {
            TensorShape shape = scores_t3N.shape();
            numParts = Math.toIntExact(shape.dim(0));
            numTokens = Math.toIntExact(shape.dim(2));
            type = scores_t3N.type();
            bytes = scores_t3N.bytes();
        }

        private int at(int part, int figure, int token) {
            return ((part * 3 + figure) * numTokens + token) * type.bytes();
        }

        double get(int part, int figure, int token) {
            int at = at(part, figure, token);
            return type == TensorType.FLOAT32 ? bytes.getFloat(at) : bytes.getDouble(at);
        }

        void put(int part, int figure, int token, double value) {
            int at = at(part, figure, token);
            if (type == TensorType.FLOAT32) {
                bytes.putFloat(at, (float) value);
            } else {
                bytes.putDouble(at, value);
            }
        }

        double largest(int token) {
            double largest = Double.NEGATIVE_INFINITY;
            for (int part = 0; part < numParts; part++) {
                largest = Math.max(largest, get(part, LARGEST, token));
            }
            return largest;
        }

        /** Σ exp(score − largest) over the whole vocabulary. */
        double exponentials(int token, double largest) {
            double sum = 0;
            for (int part = 0; part < numParts; part++) {
                sum += get(part, SUM, token) * Math.exp(get(part, LARGEST, token) - largest);
            }
            return sum;
        }
    }
}
