package io.shardlab.run;

import io.shardlab.transport.MismatchedCall;
import io.shardlab.transport.PeerTimeout;
import java.util.function.Consumer;

/**
 * Says whether waits may be ended by a cancellation. While ranks agree on a step they may not: only a lost peer ends that
 * wait. Owned by the rank's thread.
 */
final class CommitGuard {

    private final StopSignal stop;
    private Consumer<Event> events = event -> {};
    /** Read by calls that wait on another thread, too. */
    private volatile boolean committing;

    CommitGuard(StopSignal stop) {
        this.stop = stop;
    }

    /** Begins a request, whose events go to {@code listener}. */
    void begin(Consumer<Event> listener) {
        events = listener;
    }

    /**
     * Says that this rank alone has failed. It must go on to the agreement with the others, which leave their work when they
     * are told: otherwise they would wait there for a rank that never comes, and the group would be lost with its weights.
     */
    void failing(Throwable cause) {
        events.accept(new Event.Failing(String.valueOf(cause.getMessage())));
    }

    /** Whether a failure is about the group itself, so that no agreement can be reached any more. */
    static boolean endsGroup(Throwable cause) {
        return cause instanceof StopSignal.LostPeer || cause instanceof PeerTimeout || cause instanceof MismatchedCall;
    }

    /** What waits call: throws when they must end. */
    void check() {
        if (committing) {
            stop.checkPeers();
        } else {
            stop.check();
        }
    }

    /** The agreement at the end of a step. */
    interface Agreement {
        TrainRun.StepResult reach(double lossSum, boolean stopped);
    }

    TrainRun.StepResult uninterrupted(Agreement agreement, double lossSum, boolean stopped) {
        committing = true;
        try {
            return agreement.reach(lossSum, stopped);
        } finally {
            committing = false;
        }
    }

    /** Runs something that all ranks must finish together. */
    void uninterrupted(Runnable together) {
        committing = true;
        try {
            together.run();
        } finally {
            committing = false;
        }
    }
}
