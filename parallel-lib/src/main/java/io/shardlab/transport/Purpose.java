package io.shardlab.transport;

/** What a group's memory is for; it decides how much there is of what. */
public enum Purpose {
    /** A few numbers at a time. */
    CONTROL,
    /** Collectives of large tensors. */
    COLLECTIVES,
    /** Large messages between neighbours. */
    MESSAGES
}
