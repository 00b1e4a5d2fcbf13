package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.Optional;

/** What a segment kept of its forward pass, to go back through once: inputs first, weights then or later. */
interface Tape extends AutoCloseable {

    /**
     * The gradient of each input, empty where an input has none. Keeps what {@link #backwardWeights} will need.
     *
     * @param outputGradient lives only during the call; who needs it longer takes an alias
     */
    List<Optional<NDArray>> backwardInputs(NDArray outputGradient);

    /** Adds the gradients of the weights and frees what was kept. */
    void backwardWeights();

    /** Frees what was kept, without going back. */
    @Override
    void close();
}
