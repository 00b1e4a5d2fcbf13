package io.shardlab.trace;

import java.util.Map;

/** High-water bytes of one rank by category; a category that is unknown is absent, never zero. */
public record MemoryUse(int rank, Map<MemoryCategory, Long> bytes) {
    public MemoryUse {
        bytes = Map.copyOf(bytes);
    }

    public long totalBytes() {
        return bytes.values().stream().mapToLong(Long::longValue).sum();
    }
}
