package io.shardlab.transport;

import io.shardlab.mesh.Link;
import java.util.Optional;

/**
 * A rank's outgoing line: says when a message that is sent now arrives. Without a simulated link that is at once.
 *
 * <p>Messages follow each other on the line, whatever their group and receiver. Times are {@link System#nanoTime}, which
 * is one clock for all processes of a host.
 */
final class Wire {

    /** The arrival of what is not delayed. */
    static final long AT_ONCE = Long.MIN_VALUE;

    private final Optional<Link> link;
    private long freeNanos;

    Wire(Optional<Link> link) {
        this.link = link;
        this.freeNanos = System.nanoTime();
    }

    Optional<Link> link() {
        return link;
    }

    /** When a message of this length will be there. */
    synchronized long arrivalNanos(long bytes) {
        if (link.isEmpty()) {
            return AT_ONCE;
        }
        freeNanos = Math.max(freeNanos, System.nanoTime()) + link.get().occupiedNanos(bytes);
        return freeNanos + link.get().latencyNanos();
    }
}
