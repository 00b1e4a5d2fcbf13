package io.shardlab.trace;

import io.shardlab.plan.Pass;

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
        /** A backward pass, or that of the inputs alone. */
        BACKWARD,
        /** The gradients of the weights, where a schedule computes them apart. */
        BACKWARD_WEIGHT,
        /**
         * A collective of tensors or of a step's figures. Those of tensors lie inside a pass's span; sums of what ranks found apart
         * and the agreement on a step come after all passes.
         */
        COLLECTIVE,
        /** Gradient sums and weights over the data axis: beside passes or after them. */
        DATA_SYNC,
        SEND,
        /** Waiting for and taking in a message. */
        RECEIVE,
        /** The gradient norm and the update of the weights. */
        OPTIMIZER;

        /** Whether it is a pass of a stage. */
        public boolean isPass() {
            return this == FORWARD || this == BACKWARD || this == BACKWARD_WEIGHT;
        }
    }

    /** What a pass counts as. */
    public static Kind kindOf(Pass pass) {
        return switch (pass) {
            case FORWARD -> Kind.FORWARD;
            case BACKWARD, BACKWARD_INPUT -> Kind.BACKWARD;
            case BACKWARD_WEIGHT -> Kind.BACKWARD_WEIGHT;
        };
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
