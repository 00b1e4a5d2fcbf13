package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Optional;

/** Final norm, projection to the vocabulary, summed cross-entropy: x [B,T,D], targets [B,T] to a scalar. */
record HeadMathematics(double epsilon, NDArray epsilonScalar, Optional<Linear> linear) implements Mathematics {

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        NDArray x_BTD = inputs.get(0);
        long n = x_BTD.getShape().get(0) * x_BTD.getShape().get(1);
        NDArray x_ND = x_BTD.reshape(n, x_BTD.getShape().get(2));
        NDArray normed_ND = NormMathematics.normalise(x_ND, weights.get(0), epsilonScalar);
        NDArray logits_NV = AttentionMathematics.linear(normed_ND, weights.get(1));
        NDArray targets_N1 = inputs.get(1).reshape(new Shape(n, 1));
        return logits_NV.logSoftmax(1).gather(targets_N1, 1).sum().neg();
    }

    /** The scores [V] after the last position of [1,T,D]. */
    NDArray lastLogits(NDArray x_BTD, List<NDArray> weights) {
        NDArray last_1D = x_BTD.get(new NDIndex("0, -1:"));
        return AttentionMathematics.linear(
                        NormMathematics.normalise(last_1D, weights.get(0), epsilonScalar), weights.get(1))
                .reshape(new Shape(-1));
    }

    @Override
    public boolean differentiable(int input) {
        return input == 0;
    }

    @Override
    public Computed compute(NDManager manager, List<NDArray> inputs, List<Weight> weights, boolean training) {
        if (linear.isEmpty()) {
            return Mathematics.super.compute(manager, inputs, weights, training);
        }
        HeadTape tape = new HeadTape(manager, linear.get(), epsilon, inputs, weights);
        return new Computed(tape.loss(), tape);
    }
}
