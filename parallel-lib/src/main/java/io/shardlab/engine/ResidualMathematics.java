package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** The sum of two tensors; it needs no graph, since its gradient is that of each input. */
final class ResidualMathematics implements Mathematics {

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        return inputs.get(0).add(inputs.get(1));
    }

    @Override
    public boolean differentiable(int input) {
        return true;
    }
}
