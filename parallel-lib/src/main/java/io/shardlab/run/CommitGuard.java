package io.shardlab.run;

/**
 * Says whether waits may be ended by a cancellation. While ranks agree on a step they may not: only a lost peer ends that
 * wait. Owned by the rank's thread.
 */
final class CommitGuard {

    private final StopSignal stop;
    private boolean committing;

    CommitGuard(StopSignal stop) {
        this.stop = stop;
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
