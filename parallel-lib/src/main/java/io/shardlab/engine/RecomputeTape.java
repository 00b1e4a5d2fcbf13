package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Optional;

/** Keeps only a segment's inputs, and computes it again before it goes back (Chen et al. 2016). */
final class RecomputeTape implements Tape {

    private final NDManager manager;
    private final Mathematics mathematics;
    private final List<NDArray> inputs;
    private final List<Weight> weights;
    private Optional<Tape> again = Optional.empty();

    private RecomputeTape(NDManager manager, Mathematics mathematics, List<NDArray> inputs, List<Weight> weights) {
        this.manager = manager;
        this.mathematics = mathematics;
        this.inputs = inputs;
        this.weights = weights;
    }

    /** Computes a segment for its output alone; takes the inputs over. */
    static Computed record(
            NDManager manager,
            Mathematics mathematics,
            List<NDArray> inputs,
            List<Weight> weights,
            RowListener listener) {
        List<NDArray> aliases = inputs.stream().map(NDArray::stopGradient).toList();
        Computed computed = mathematics.compute(manager, aliases, weights, false, listener);
        computed.tape().close();
        return new Computed(computed.output(), new RecomputeTape(manager, mathematics, inputs, weights));
    }

    @Override
    public List<Optional<NDArray>> backwardInputs(NDArray outputGradient) {
        Computed computed = mathematics.compute(manager, inputs, weights, true);
        computed.output().close();
        again = Optional.of(computed.tape());
        return computed.tape().backwardInputs(outputGradient);
    }

    @Override
    public void backwardWeights() {
        again.orElseThrow().backwardWeights();
    }

    @Override
    public void close() {
        again.ifPresentOrElse(Tape::close, () -> inputs.forEach(NDArray::close));
    }
}
