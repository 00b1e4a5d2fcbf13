package io.shardlab.trace;

/**
 * What one rank did between two moments.
 *
 * @param rank who
 * @param step of training, from 0
 * @param kind what sort of thing
 * @param label the action or collective, for instance {@code 0F3} or {@code all_reduce layers.0.self_attn}
 * @param startNanos from a clock that all ranks of a host share
 * @param endNanos the same clock
 * @param bytes sent by this rank, 0 for computing
 */
public record Span(int rank, int step, Kind kind, String label, long startNanos, long endNanos, long bytes) {

    /** The sort of thing a rank does. */
    public enum Kind {
        FORWARD,
        BACKWARD,
        /** A collective inside a pass: these spans lie inside a forward or backward span. */
        COLLECTIVE,
        /** Gradient sums and weights over the data axis: beside passes or after them. */
        DATA_SYNC,
        SEND,
        /** Waiting for and taking in a message. */
        RECEIVE,
        OPTIMIZER
    }

    public Span {
        if (endNanos < startNanos) {
            throw new IllegalArgumentException("span " + label + " ends before it starts");
        }
    }

    public long nanos() {
        return endNanos - startNanos;
    }
}
