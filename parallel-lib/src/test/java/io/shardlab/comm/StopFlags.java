package io.shardlab.comm;

import java.util.concurrent.atomic.AtomicIntegerArray;

/** A stop request per rank, as a control thread would set it. */
final class StopFlags {

    private final AtomicIntegerArray stop;

    StopFlags(int ranks) {
        stop = new AtomicIntegerArray(ranks);
    }

    Runnable check(int rank) {
        return () -> {
            if (stop.get(rank) != 0) {
                throw new Stopped();
            }
        };
    }

    void stopAll() {
        for (int rank = 0; rank < stop.length(); rank++) {
            stop.set(rank, 1);
        }
    }

    void clear(int rank) {
        stop.set(rank, 0);
    }

    static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;
    }
}
