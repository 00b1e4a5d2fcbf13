package io.shardlab.transport;

import org.jspecify.annotations.Nullable;

/** A call that a rank has started and goes on without. Owned by the rank's compute thread. */
public final class StartedCall {

    /** A call that goes on in steps. */
    public interface Steps {

        /** Goes as far as the others have come, without waiting; whether the call is over. */
        boolean advance();

        /** Passes a little time after {@link #advance} could not end the call; fails once the others are late. */
        void pause();
    }

    private final Windows owner;
    private final Steps steps;
    private @Nullable Throwable failure;
    private boolean over;

    StartedCall(Windows owner, Steps steps) {
        this.owner = owner;
        this.steps = steps;
    }

    /** Whether the call is over, well or not. */
    public boolean isOver() {
        return over;
    }

    /** Returns when the call is over; throws what it threw. */
    public void await() {
        owner.finish(this);
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
    }

    boolean advance() {
        try {
            over = over || steps.advance();
        } catch (RuntimeException | Error e) {
            end(e);
        }
        return over;
    }

    void pause() {
        try {
            steps.pause();
        } catch (RuntimeException | Error e) {
            end(e);
        }
    }

    /** Ends the call with a failure, whether or not it had begun. */
    void end(Throwable cause) {
        failure = cause;
        over = true;
    }
}
