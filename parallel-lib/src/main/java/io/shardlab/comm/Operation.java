package io.shardlab.comm;

/** The kinds of collective, in the numbering that ranks announce to each other. */
enum Operation {
    BARRIER("barrier"),
    ALL_REDUCE("all_reduce"),
    ALL_GATHER("all_gather"),
    REDUCE_SCATTER("reduce_scatter"),
    BROADCAST("broadcast"),
    SEND("send"),
    RECEIVE("receive");

    private final String label;

    Operation(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }

    /** The bytes a rank must send for a full tensor of {@code bytes} among {@code n} ranks. */
    long sentBytes(long bytes, int n) {
        return switch (this) {
            case BARRIER, RECEIVE -> 0;
            case ALL_REDUCE -> 2 * bytes * (n - 1) / n;
            case ALL_GATHER, REDUCE_SCATTER -> bytes * (n - 1) / n;
            case BROADCAST, SEND -> bytes;
        };
    }
}
