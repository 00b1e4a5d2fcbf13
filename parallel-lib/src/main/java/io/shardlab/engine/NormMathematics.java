package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Optional;

/** Root-mean-square normalisation (Zhang and Sennrich 2019, equation 4): x / √(mean x² + ε) · w. */
record NormMathematics(double epsilon, NDArray epsilonScalar, boolean byHand) implements Mathematics {

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        return normalise(inputs.get(0), weights.get(0), epsilonScalar);
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

    @Override
    public Computed compute(NDManager manager, List<NDArray> inputs, List<Weight> weights, boolean training) {
        if (!byHand) {
            return Mathematics.super.compute(manager, inputs, weights, training);
        }
        NormTape tape = new NormTape(manager, inputs.get(0), weights.get(0), epsilon);
        return new Computed(tape.output(), tape);
    }

    /** A norm by hand. One pass over its input gives both gradients, so the weight's is not put off. */
    static final class NormTape implements Tape {

        private final NDManager manager;
        private final HostNorm norm;
        private final NDArray x;
        private final Weight weight;
        private final NDArray output;
        private final double[] roots;

        NormTape(NDManager manager, NDArray x, Weight weight, double epsilon) {
            this.manager = manager;
            this.x = x;
            this.weight = weight;
            int width = Math.toIntExact(weight.value().getShape().get(0));
            norm = new HostNorm(Math.toIntExact(x.getShape().size() / width), width, epsilon);
            output = manager.create(x.getShape(), x.getDataType());
            roots = norm.forward(
                    DjlTensor.type(x),
                    DjlTensor.storage(x),
                    DjlTensor.storage(weight.value()),
                    DjlTensor.storage(output));
        }

        NDArray output() {
            return output;
        }

        @Override
        public List<Optional<NDArray>> backwardInputs(NDArray outputGradient) {
            NDArray dx = manager.create(x.getShape(), x.getDataType());
            HostNorm.Saved saved = new HostNorm.Saved(DjlTensor.storage(x), DjlTensor.storage(weight.value()), roots);
            norm.backward(
                    DjlTensor.type(x),
                    saved,
                    DjlTensor.storage(outputGradient),
                    DjlTensor.storage(dx),
                    DjlTensor.storage(weight.gradient()));
            x.close();
            return List.of(Optional.of(dx));
        }

        @Override
        public void backwardWeights() {}

        @Override
        public void close() {
            x.close();
        }
    }
}
