package io.shardlab.transport;

import java.util.concurrent.locks.LockSupport;

/**
 * The turns of one wait after another, by a {@link WaitPolicy}. Owned by one thread; allocates nothing.
 *
 * <p>An interrupted thread waits on, with yields in place of sleeps; its interrupt status stays.
 */
public final class Pacer {

    private static final long YIELD_NANOS = 200_000;
    private static final long CHECK_NANOS = 1_000_000;
    private static final long LONGEST_SLEEP_NANOS = 20_000;

    private final WaitPolicy policy;
    private final Runnable ownCheck;
    private final long timeoutNanos;
    private int spun;
    private boolean timing;
    private long startNanos;
    private long checkedNanos;

    Pacer(WaitPolicy policy, Runnable ownCheck) {
        this.policy = policy;
        this.ownCheck = ownCheck;
        this.timeoutNanos = policy.timeout().toNanos();
    }

    /** Begins a wait. */
    public void restart() {
        spun = 0;
        timing = false;
    }

    /** Passes a little time; false when the policy's time-out is over. */
    public boolean pause() {
        if (spun < policy.spins()) {
            spun++;
            Thread.onSpinWait();
            return true;
        }
        long now = System.nanoTime();
        if (!timing) {
            timing = true;
            startNanos = now;
            check(now);
        } else if (now - checkedNanos >= CHECK_NANOS) {
            check(now);
        }
        long waited = now - startNanos;
        if (waited < YIELD_NANOS || Thread.currentThread().isInterrupted()) {
            Thread.yield();
        } else {
            LockSupport.parkNanos(Math.min(LONGEST_SLEEP_NANOS, waited / 200));
        }
        return waited < timeoutNanos;
    }

    /** The failure of the wait that has just timed out. */
    public PeerTimeout timeout(String missing, String present) {
        return new PeerTimeout(missing + " within " + policy.timeoutText() + "; " + present);
    }

    private void check(long now) {
        checkedNanos = now;
        policy.check().run();
        ownCheck.run();
    }
}
