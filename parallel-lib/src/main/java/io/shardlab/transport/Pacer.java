package io.shardlab.transport;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * The turns of one wait after another, by a {@link WaitPolicy}. Owned by one thread; allocates nothing.
 *
 * <p>An interrupted thread waits on, with yields in place of sleeps; its interrupt status stays.
 */
public final class Pacer {

    private static final long YIELD_NANOS = 200_000;
    private static final long CHECK_NANOS = 1_000_000;
    private static final long SHORTEST_SLEEP_NANOS = 2_000;
    /** How much longer than asked the operating system lets a thread sleep, as a rule. */
    private static final long SLEEP_OVERRUN_NANOS = 70_000;

    private static final long LONGEST_SLEEP_NANOS = 20_000;

    private final WaitPolicy policy;
    private final Runnable ownCheck;
    private final BooleanSupplier standsAside;
    private final long timeoutNanos;
    private int spun;
    private boolean timing;
    private long startNanos;
    private long checkedNanos;

    /**
     * Begins no wait yet.
     *
     * @param ownCheck called beside the policy's
     * @param standsAside whether the waiting thread should leave its core at once, because the rank computes meanwhile
     */
    Pacer(WaitPolicy policy, Runnable ownCheck, BooleanSupplier standsAside) {
        this.policy = policy;
        this.ownCheck = ownCheck;
        this.standsAside = standsAside;
        this.timeoutNanos = policy.timeout().toNanos();
    }

    /** Begins a wait. */
    public void restart() {
        spun = 0;
        timing = false;
    }

    /** Passes a little time; false when the policy's time-out is over. */
    public boolean pause() {
        boolean aside = standsAside.getAsBoolean();
        if (spun < policy.spins() && !aside) {
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
        if (aside) {
            LockSupport.parkNanos(Math.min(LONGEST_SLEEP_NANOS, SHORTEST_SLEEP_NANOS + waited / 4));
        } else if (waited < YIELD_NANOS || Thread.currentThread().isInterrupted()) {
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
        long left = nanos - System.nanoTime();
        while (left > 0) {
            long now = System.nanoTime();
            if (now - checkedNanos >= CHECK_NANOS) {
                check(now);
            }
            if (standsAside.getAsBoolean()) {
                LockSupport.parkNanos(Math.min(left, CHECK_NANOS));
            } else if (left > SLEEP_OVERRUN_NANOS && !Thread.currentThread().isInterrupted()) {
                LockSupport.parkNanos(Math.min(left - SLEEP_OVERRUN_NANOS, CHECK_NANOS));
            } else {
                Thread.yield();
            }
            left = nanos - System.nanoTime();
        }
        restart();
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
