package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** Root-mean-square normalisation (Zhang and Sennrich 2019, equation 4): x / √(mean x² + ε) · w. */
record NormMathematics(NDArray epsilon) implements Mathematics {

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        return normalise(inputs.get(0), weights.get(0), epsilon);
    }

    /** Normalises the last dimension of {@code x}, [..., D], by the weight [D]. */
    static NDArray normalise(NDArray x, NDArray weight_D, NDArray epsilon) {
        int last = x.getShape().dimension() - 1;
        NDArray rms = x.square().mean(new int[] {last}, true).add(epsilon).sqrt();
        return x.div(rms).mul(weight_D);
    }

    @Override
    public boolean differentiable(int input) {
        return true;
    }
}
