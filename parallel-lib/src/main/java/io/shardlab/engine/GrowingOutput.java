package io.shardlab.engine;

/**
 * Hears of a segment's output while it is being computed, from the first element on. Called on the rank's compute thread, within
 * the forward pass.
 */
public interface GrowingOutput {

    /** In how many blocks of rows an output comes at most. */
    int PARTS = 4;

    /**
     * Says that an output's first elements, row-major, are final.
     *
     * @param output [N,D] or [b,T,D]; the same tensor each time, and the one that the pass returns
     * @param elements never fewer than before; all of them at last
     */
    void reach(Tensor output, long elements);
}
