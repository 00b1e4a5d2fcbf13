package io.shardlab.magics.screen;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Ticks what is live but shows nothing at first, such as a cell: most end before their first tick. One timer serves all of them
 * and goes on a little after the last, so that short cells one after the other neither set nor stop one, which would wake the
 * writer each time. Any thread; ticks come on the writer.
 */
final class Pulse {

    private static final int MOST_IDLE_BEATS = 8;

    private final ScheduledExecutorService writer;
    private final Set<Ticking> ticking = ConcurrentHashMap.newKeySet();
    private boolean beating;
    private int idleBeats;

    /** One live thing; equal to itself only. */
    private static final class Ticking {

        private final Screen.Live live;
        private final Port port;
        private final long dueNanos;

        Ticking(Screen.Live live, Port port) {
            this.live = live;
            this.port = port;
            this.dueNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(live.firstTickMillis());
        }
    }

    Pulse(ScheduledExecutorService writer) {
        this.writer = writer;
    }

    /** Ticks {@code live} from its first time on, until the answer is run. */
    Runnable add(Screen.Live live, Port port) {
        Ticking added = new Ticking(live, port);
        ticking.add(added);
        synchronized (this) {
            if (!beating) {
                beating = true;
                idleBeats = 0;
                later();
            }
        }
        return () -> ticking.remove(added);
    }

    private void later() {
        var unused = writer.schedule(this::beat, Throttle.INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void beat() {
        long now = System.nanoTime();
        for (Ticking each : ticking) {
            if (now - each.dueNanos >= 0) {
                tick(each);
            }
        }
        synchronized (this) {
            idleBeats = ticking.isEmpty() ? idleBeats + 1 : 0;
            beating = idleBeats < MOST_IDLE_BEATS && !writer.isShutdown();
            if (beating) {
                later();
            }
        }
    }

    /** What cannot be shown now is not tried again before its end, which says why. */
    private void tick(Ticking each) {
        try {
            each.live.tick(each.port);
        } catch (RuntimeException unshown) {
            ticking.remove(each);
        }
    }
}
