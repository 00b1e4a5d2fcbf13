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
    /** How much longer than asked the operating system lets a thread sleep, as a rule. */
    private static final long SLEEP_OVERRUN_NANOS = 70_000;

    private static final long LONGEST_SLEEP_NANOS = 20_000;

    private final WaitPolicy policy;
    private final Runnable ownCheck;
    private final Runnable progress;
    private final long timeoutNanos;
    private int spun;
    private boolean timing;
    private long startNanos;
    private long checkedNanos;

    /**
     * Begins no wait yet.
     *
     * @param ownCheck called beside the policy's
     * @param progress takes what the rank has started a little further; never waits
     */
    Pacer(WaitPolicy policy, Runnable ownCheck, Runnable progress) {
        this.policy = policy;
        this.ownCheck = ownCheck;
        this.progress = progress;
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
        progress.run();
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

    /** Waits until a point of {@link System#nanoTime}; the time-out does not count, since nobody is late. */
    void awaitInstant(long nanos) {
        if (nanos == Wire.AT_ONCE) {
            return;
        }
        while (System.nanoTime() < nanos) {
            nap(nanos);
        }
        restart();
    }

    /** Passes a little time of a wait until a point of {@link System#nanoTime}. */
    void nap(long until) {
        progress.run();
        long now = System.nanoTime();
        if (now - checkedNanos >= CHECK_NANOS) {
            check(now);
        }
        long left = until - now;
        if (left > SLEEP_OVERRUN_NANOS && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(Math.min(left - SLEEP_OVERRUN_NANOS, CHECK_NANOS));
        } else {
            Thread.yield();
        }
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
