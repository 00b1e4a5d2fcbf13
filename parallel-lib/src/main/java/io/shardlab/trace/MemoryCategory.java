package io.shardlab.trace;

/** What memory is for; estimates and measurements use the same categories. */
public enum MemoryCategory {
    WEIGHTS("weights"),
    GRADIENTS("gradients"),
    OPTIMIZER("optimizer"),
    ACTIVATIONS("activations"),
    COMMUNICATION("communication"),
    KV_CACHE("kvCache"),
    HEAP("heap"),
    /** JVM, native libraries, allocator slack: everything else that is resident. */
    OTHER("other");

    private final String fileName;

    MemoryCategory(String fileName) {
        this.fileName = fileName;
    }

    /** Its name in {@code summary.json}. */
    public String fileName() {
        return fileName;
    }
}
