package io.shardlab.transport;

import java.time.Duration;

/**
 * How a rank waits for others: it spins, then yields, then sleeps for microseconds at a time.
 *
 * @param spins turns of the processor's pause instruction before the first yield; few where ranks outnumber cores,
 *     because a spinning rank keeps the awaited one from running
 * @param timeout after which a wait fails and names the missing ranks
 * @param check called by the waiting thread when the spin is over and then about every millisecond; throws to stop the
 *     wait. Calls that a rank has started wait on another thread than the rank's own, so two threads may call it at once
 */
public record WaitPolicy(int spins, Duration timeout, Runnable check) {

    // A long spin hardly helps where each rank has a core, and where other programs push two ranks onto one core it is
    // what an all-reduce then takes: 40 µs with 1000 turns, 10 with 200, 5 with 50 (two cores under load, 4 KiB).
    private static final int PATIENT_SPINS = 100;
    private static final int CROWDED_SPINS = 10;

    public WaitPolicy {
        if (spins < 0) {
            throw new IllegalArgumentException("spins " + spins + " must not be negative");
        }
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("time-out " + timeout + " must be positive");
        }
    }

    /** The policy for {@code ranks} ranks that share this host's cores. */
    public static WaitPolicy forRanks(int ranks, Duration timeout, Runnable check) {
        boolean crowded = ranks > Runtime.getRuntime().availableProcessors();
        return new WaitPolicy(crowded ? CROWDED_SPINS : PATIENT_SPINS, timeout, check);
    }

    /** The time-out as people read it: {@code 30 s}, {@code 250 ms}. */
    String timeoutText() {
        long millis = timeout.toMillis();
        return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
    }
}
