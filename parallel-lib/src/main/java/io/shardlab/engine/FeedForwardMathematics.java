package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Optional;

/** SwiGLU (Shazeer 2020, equation 6): down(silu(gate x) · up x), on the columns this rank holds. */
record FeedForwardMathematics(Optional<Linear> linear) implements Mathematics {

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        NDArray x_BTD = inputs.get(0);
        NDArray gate_BTF = AttentionMathematics.linear(x_BTD, weights.get(0));
        NDArray up_BTF = AttentionMathematics.linear(x_BTD, weights.get(1));
        NDArray silu_BTF = gate_BTF.mul(gate_BTF.getNDArrayInternal().sigmoid());
        return AttentionMathematics.linear(silu_BTF.mul(up_BTF), weights.get(2));
    }

    @Override
    public boolean differentiable(int input) {
        return true;
    }

    @Override
    public int numJoined() {
        return linear.isPresent() ? 2 : 1;
    }

    @Override
    public Computed compute(NDManager manager, List<NDArray> inputs, List<Weight> weights, boolean training) {
        return linear.isEmpty()
                ? Mathematics.super.compute(manager, inputs, weights, training)
                : compute(manager, inputs, weights, training, RowListener.NONE);
    }

    @Override
    public Computed compute(
            NDManager manager, List<NDArray> inputs, List<Weight> weights, boolean training, RowListener listener) {
        if (linear.isEmpty()) {
            return Mathematics.super.compute(manager, inputs, weights, training);
        }
        FeedForwardTape tape = new FeedForwardTape(manager, linear.get(), inputs.get(0), weights);
        return new Computed(tape.forward(listener), tape);
    }
}
