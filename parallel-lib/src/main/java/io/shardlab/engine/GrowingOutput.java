package io.shardlab.engine;

/** Hears of a segment's output while it is being computed. */
public interface GrowingOutput {

    /** How many parts of an output are worth telling of. */
    int PARTS = 4;

    /**
     * Says that an output's first elements are final.
     *
     * @param output where they stand; the same tensor each time, and the one that is returned
     */
    void reach(Tensor output, long elements);
}
