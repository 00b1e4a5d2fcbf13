package io.shardlab.plan;

/**
 * A collective operation on one axis of the mesh, in the sense of Megatron-LM's f and g: each has an adjoint, and the
 * adjoint is what the backward pass runs.
 */
public enum Collective {
    /** Every rank keeps what it has; the gradients are summed. */
    COPY,
    /** Every rank gets the sum; gradients pass through. */
    ALL_REDUCE,
    /** Every rank gets all parts, joined; each keeps its part of the gradient. */
    GATHER,
    /** Every rank keeps its part; the gradient's parts are joined. */
    SPLIT,
    /** Every rank gets all parts, joined; the gradients are summed, each rank keeping its part. */
    ALL_GATHER,
    /** Each rank gets its part of the sum; the gradient's parts are joined. */
    REDUCE_SCATTER;

    /** The operation that carries gradients back: ⟨A x, g⟩ = ⟨x, A* g⟩. */
    public Collective adjoint() {
        return switch (this) {
            case COPY -> ALL_REDUCE;
            case ALL_REDUCE -> COPY;
            case GATHER -> SPLIT;
            case SPLIT -> GATHER;
            case ALL_GATHER -> REDUCE_SCATTER;
            case REDUCE_SCATTER -> ALL_GATHER;
        };
    }

    /** Whether running it sends anything. */
    public boolean communicates() {
        return this != COPY && this != SPLIT;
    }
}
