package io.shardlab.trace;

/** What memory is for; estimates and measurements use the same categories. */
public enum MemoryCategory {
    WEIGHTS,
    GRADIENTS,
    OPTIMIZER,
    ACTIVATIONS,
    COMMUNICATION,
    KV_CACHE,
    HEAP,
    /** JVM, native libraries, allocator slack: everything else that is resident. */
    OTHER
}
