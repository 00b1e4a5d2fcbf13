package io.shardlab.comm;

import io.shardlab.mesh.Group;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which call a member is inside, and what it has done so far. */
final class CallCount {

    private final Group group;
    private final long[] calls = new long[Operation.values().length];
    private final long[] bytesSent = new long[Operation.values().length];
    private @Nullable Operation inside;

    CallCount(Group group) {
        this.group = group;
    }

    void begin(Operation operation) {
        requireOutside();
        inside = operation;
    }

    void end(Operation operation, long bytes) {
        inside = null;
        calls[operation.ordinal()]++;
        bytesSent[operation.ordinal()] += operation.sentBytes(bytes, group.size());
    }

    void requireOutside() {
        if (inside != null) {
            throw new IllegalStateException(
                    "group " + group.name() + " stopped inside " + inside.label() + "; reset it on all members first");
        }
    }

    /** Is inside no call any more, whatever came of the last. */
    void leave() {
        inside = null;
    }

    Map<String, Census> census() {
        Map<String, Census> census = new LinkedHashMap<>();
        for (Operation operation : Operation.values()) {
            int at = operation.ordinal();
            if (operation != Operation.BARRIER && calls[at] > 0) {
                census.put(operation.label(), new Census(calls[at], bytesSent[at]));
            }
        }
        return census;
    }
}
