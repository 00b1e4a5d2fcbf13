package io.shardlab.run;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Tells a working rank to stop. Set by a control thread, read by the rank's own thread at every action and in every wait.
 *
 * <p>Two degrees: {@link #cancel()} asks for a stop at the next micro-batch, keeping weights and the worker group;
 * {@link #abort(String)} says that a peer is gone and nothing can be waited for any more.
 */
public final class StopSignal {

    private volatile boolean cancelled;
    private volatile boolean released;
    private final AtomicReference<@Nullable String> lost = new AtomicReference<>();
    private @Nullable Thread usersCode;

    /** A rank that runs a user's code is interrupted as well: that code knows nothing of this signal. */
    public void cancel() {
        cancelled = true;
        synchronized (this) {
            if (usersCode != null) {
                usersCode.interrupt();
            }
        }
    }

    /** Ends waits for other ranks, because one of them has failed; what computes goes on. */
    public void release() {
        released = true;
    }

    /** Forgets a cancellation, before the next request. */
    public void clear() {
        cancelled = false;
        released = false;
    }

    /** Says that the calling thread runs a user's code from now on; {@link #leaveUsersCode} follows. */
    synchronized void enterUsersCode() {
        usersCode = Thread.currentThread();
        if (cancelled) {
            usersCode.interrupt();
        }
    }

    /** Also forgets an interrupt that came too late. */
    synchronized void leaveUsersCode() {
        usersCode = null;
        Thread.interrupted();
    }

    /** Does something to the thread that runs a user's code, if there is one now. */
    public synchronized void duringUsersCode(Runnable action) {
        if (usersCode != null) {
            action.run();
        }
    }

    public boolean cancelled() {
        return cancelled;
    }

    /** Ends every wait, for good; the first cause stays. */
    public void abort(String cause) {
        lost.compareAndSet(null, cause);
    }

    /** Throws {@link CancelledRun} or {@link LostPeer} if one was asked for. */
    public void check() {
        checkPeers();
        if (cancelled) {
            throw new CancelledRun();
        }
        if (released) {
            throw new ReleasedWait();
        }
    }

    /** Throws {@link LostPeer} if a peer is gone; ignores cancellation. */
    public void checkPeers() {
        String cause = lost.get();
        if (cause != null) {
            throw new LostPeer(cause);
        }
    }

    /** The user asked to stop. */
    public static final class CancelledRun extends RuntimeException {
        public CancelledRun() {
            super("cancelled");
        }
    }

    /** Another rank has failed, so what this one waited for will not come. */
    public static final class ReleasedWait extends RuntimeException {
        ReleasedWait() {
            super("another rank failed while this one waited for it");
        }
    }

    /** Another rank is gone. */
    public static final class LostPeer extends RuntimeException {
        LostPeer(String cause) {
            super(cause);
        }
    }
}
