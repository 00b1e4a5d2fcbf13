package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** x·Wᵀ without a bias: [b,…,I], weight [O,I] to [b,…,O], on the columns of W this rank holds. */
final class PartialLinearMathematics implements Mathematics {

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        return AttentionMathematics.linear(inputs.get(0), weights.get(0));
    }

    @Override
    public boolean differentiable(int input) {
        return true;
    }
}
