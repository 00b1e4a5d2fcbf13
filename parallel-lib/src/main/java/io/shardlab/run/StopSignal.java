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
    private final AtomicReference<@Nullable String> lost = new AtomicReference<>();

    public void cancel() {
        cancelled = true;
    }

    /** Forgets a cancellation, before the next request. */
    public void clear() {
        cancelled = false;
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

    /** Another rank is gone. */
    public static final class LostPeer extends RuntimeException {
        LostPeer(String cause) {
            super(cause);
        }
    }
}
