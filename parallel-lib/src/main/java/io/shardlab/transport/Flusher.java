package io.shardlab.transport;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A daemon thread per transport that moves messages which found their ring full, so that a send never waits and a rank
 * that computes, or waits for something else, still delivers. It starts with the first such message.
 *
 * <p>Its lock is taken inside an outbox's lock, never the other way round.
 */
final class Flusher {

    private static final int MOST_SPARE_PIECES = 128;
    private static final long SHORTEST_SLEEP_NANOS = 10_000;
    private static final long LONGEST_SLEEP_NANOS = 1_000_000;

    private final String name;
    private final Set<Outbox> waiting = new LinkedHashSet<>();
    private final ArrayDeque<ByteBuffer> spare = new ArrayDeque<>();
    private @Nullable Thread thread;
    private boolean closed;

    Flusher(String name) {
        this.name = name;
    }

    synchronized void wake(Outbox outbox) {
        if (closed) {
            return;
        }
        waiting.add(outbox);
        if (thread == null) {
            thread = new Thread(this::run, name);
            thread.setDaemon(true);
            thread.start();
        }
        notifyAll();
    }

    /** An empty buffer for queued bytes. */
    synchronized ByteBuffer piece(int bytes) {
        ByteBuffer piece = spare.poll();
        return piece == null ? ByteBuffer.allocate(bytes) : piece;
    }

    synchronized void takeBack(ByteBuffer piece) {
        if (spare.size() < MOST_SPARE_PIECES) {
            spare.add(piece);
        }
    }

    synchronized void close() {
        closed = true;
        notifyAll();
    }

    private void run() {
        List<Outbox> turn = new ArrayList<>();
        long sleep = SHORTEST_SLEEP_NANOS;
        while (awaitWork(turn)) {
            long moved = 0;
            for (Outbox outbox : turn) {
                // Taken off first: a send that comes between puts it back.
                forget(outbox);
                moved += outbox.flush();
                if (!outbox.isDrained()) {
                    wake(outbox);
                }
            }
            sleep = moved > 0 ? SHORTEST_SLEEP_NANOS : Math.min(LONGEST_SLEEP_NANOS, sleep + sleep / 8);
            LockSupport.parkNanos(sleep);
        }
    }

    private synchronized void forget(Outbox outbox) {
        waiting.remove(outbox);
    }

    private synchronized boolean awaitWork(List<Outbox> turn) {
        while (waiting.isEmpty() && !closed) {
            try {
                wait();
            } catch (InterruptedException e) {
                // Nobody but the virtual machine's end stops this thread; closing is the way to end it.
                continue;
            }
        }
        turn.clear();
        turn.addAll(waiting);
        return !closed;
    }
}
