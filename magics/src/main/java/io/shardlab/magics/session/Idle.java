package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Workers;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Stops workers that nobody has used for a while, and remembers to say so. A verb is a use, and so is a run for as long as it takes.
 * Any thread.
 */
final class Idle implements AutoCloseable {

    private static final long LEAST_LOOK_MILLIS = 200;
    private static final long MOST_LOOK_MILLIS = 60_000;

    private final Backend backend;
    private final Work work;
    private @Nullable ScheduledExecutorService clock;
    private @Nullable Future<?> looking;
    private Optional<Duration> limit = Optional.empty();
    private Optional<String> news = Optional.empty();

    Idle(Backend backend, Work work) {
        this.backend = backend;
        this.work = work;
    }

    /** From now on; without a limit workers stay. */
    synchronized void limit(Optional<Duration> longest) {
        stopLooking();
        limit = longest;
        news = Optional.empty();
        longest.ifPresent(time -> {
            long every = Math.max(LEAST_LOOK_MILLIS, Math.min(MOST_LOOK_MILLIS, time.toMillis() / 10));
            looking = clock().scheduleWithFixedDelay(this::look, every, every, TimeUnit.MILLISECONDS);
        });
    }

    /** The same workers, whose banner says how long they stay unused. */
    synchronized Workers.Running mentioned(Workers.Running running) {
        return limit.map(time -> new Workers.Running(
                        running.rows(),
                        running.readyMillis(),
                        running.unchanged(),
                        running.banner() + "; stopped after " + text(time) + " without use"))
                .orElse(running);
    }

    private ScheduledExecutorService clock() {
        ScheduledExecutorService running = clock;
        if (running == null) {
            running = Executors.newSingleThreadScheduledExecutor(task -> {
                Thread thread = new Thread(task, "shard-idle");
                thread.setDaemon(true);
                return thread;
            });
            clock = running;
        }
        return running;
    }

    private synchronized void stopLooking() {
        Future<?> before = looking;
        if (before != null) {
            before.cancel(false);
        }
        looking = null;
    }

    /** Stops the workers if their time is over; answers whether it did. */
    boolean look() {
        Optional<Duration> longest;
        synchronized (this) {
            longest = limit;
        }
        if (longest.isEmpty()) {
            return false;
        }
        try {
            boolean stopped = work.whenUnused(
                    longest.get().toNanos(), () -> backend.workers().down(false));
            if (stopped) {
                synchronized (this) {
                    stopLooking();
                    limit = Optional.empty();
                    news = Optional.of("the workers were stopped after " + text(longest.get())
                            + " without use, with their weights and variables; `%shard up` starts new ones");
                }
            }
            return stopped;
        } catch (RejectedExecutionException closing) {
            return false; // The notebook ends, and its workers with it.
        }
    }

    /** What has happened since somebody last asked. */
    synchronized Optional<String> takeNews() {
        Optional<String> told = news;
        news = Optional.empty();
        return told;
    }

    /** {@code 30 min}. */
    static String text(Duration time) {
        StringBuilder text = new StringBuilder();
        part(text, time.toDays(), "d");
        part(text, time.toHoursPart(), "h");
        part(text, time.toMinutesPart(), "min");
        part(text, time.toSecondsPart(), "s");
        return text.toString().strip();
    }

    private static void part(StringBuilder text, long count, String unit) {
        if (count > 0) {
            text.append(' ').append(count).append(' ').append(unit);
        }
    }

    @Override
    public synchronized void close() {
        stopLooking();
        ScheduledExecutorService running = clock;
        if (running != null) {
            running.shutdownNow();
        }
    }
}
