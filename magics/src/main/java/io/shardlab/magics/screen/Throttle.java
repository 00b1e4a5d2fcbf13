package io.shardlab.magics.screen;

import java.util.function.LongSupplier;

/** Says when something that changes often may be shown again: at most four times a second. One thread. */
final class Throttle {

    static final long INTERVAL_MILLIS = 250;

    private final LongSupplier nanos;
    private long last;
    private boolean started;

    Throttle(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** Whether it may be shown now; if so, it counts as shown. */
    boolean due() {
        long now = nanos.getAsLong();
        if (started && now - last < INTERVAL_MILLIS * 1_000_000) {
            return false;
        }
        started = true;
        last = now;
        return true;
    }
}
