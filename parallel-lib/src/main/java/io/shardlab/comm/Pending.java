package io.shardlab.comm;

/** A collective under way. Its buffers belong to it until it is over. */
public interface Pending {

    /** What is over already. */
    Pending DONE = () -> {};

    /**
     * Returns when the collective is over, and fails as it would have failed if called without {@code start}. The first
     * failure of a group also ends all that were started in it later, with the same exception.
     */
    void await();
}
