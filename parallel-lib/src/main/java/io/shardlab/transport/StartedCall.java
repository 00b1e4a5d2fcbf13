package io.shardlab.transport;

import org.jspecify.annotations.Nullable;

/** A call that a rank has started and goes on without. Awaited by the rank's compute thread. */
public final class StartedCall {

    private final CallQueue queue;
    private final Windows owner;
    private final Runnable body;
    /** Written before {@code done}. */
    private @Nullable Throwable failure;

    private volatile boolean done;

    StartedCall(CallQueue queue, Windows owner, Runnable body) {
        this.queue = queue;
        this.owner = owner;
        this.body = body;
    }

    Windows owner() {
        return owner;
    }

    /** Whether the call is over, well or not. */
    public boolean isDone() {
        return done;
    }

    /** Returns when the call is over; throws what it threw. */
    public void await() {
        queue.finish(this);
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
    }

    void run() {
        try {
            body.run();
        } catch (RuntimeException | Error e) {
            failure = e;
        }
        done = true;
    }

    /** Ends the call without having begun it. */
    void drop() {
        failure = owner.abandoned();
        done = true;
    }
}
