package io.shardlab.comm;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** Stops all ranks once their waits have checked a number of times together: somewhere in the middle of their work. */
final class StopAfterChecks {

    private final AtomicIntegerArray stopped;
    private final AtomicInteger left = new AtomicInteger(Integer.MAX_VALUE);

    StopAfterChecks(int ranks) {
        stopped = new AtomicIntegerArray(ranks);
    }

    Runnable check(int rank) {
        return () -> {
            if (left.get() != Integer.MAX_VALUE && left.decrementAndGet() == 0) {
                left.set(Integer.MAX_VALUE);
                for (int other = 0; other < stopped.length(); other++) {
                    stopped.set(other, 1);
                }
            }
            if (stopped.get(rank) != 0) {
                throw new Stopped();
            }
        };
    }

    void after(int checks) {
        left.set(checks);
    }

    void clear(int rank) {
        stopped.set(rank, 0);
    }

    static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;
    }
}
