package io.shardlab.magics.screen;

import io.shardlab.magics.screen.Port.Content;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/**
 * The only thread that talks to the notebook. The cell's thread may be interrupted at any moment and must not write to a
 * socket then; it waits here for what it shows, so that output comes before the cell ends.
 */
public final class Screen implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 10;

    private final Port port;
    private final Function<Throwable, ? extends RuntimeException> told;
    private final ScheduledThreadPoolExecutor writer;
    private final Pulse pulse;

    /** @param told what those who show something are thrown where it cannot be shown, made from what went wrong */
    public Screen(Port port, Function<Throwable, ? extends RuntimeException> told) {
        this.port = port;
        this.told = told;
        this.writer = writer();
        this.pulse = new Pulse(writer);
    }

    private Screen(Port port, Screen same) {
        this.port = port;
        this.told = same.told;
        this.writer = same.writer;
        this.pulse = same.pulse;
    }

    private static ScheduledThreadPoolExecutor writer() {
        ScheduledThreadPoolExecutor writer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "shard-screen");
            thread.setDaemon(true);
            return thread;
        });
        writer.setRemoveOnCancelPolicy(true);
        return writer;
    }

    /** The same screen, but what is shown appears in the cell that runs now, also after that cell has ended. */
    Screen here() {
        return new Screen(port.here(), this);
    }

    /** Whether a cell takes output after it has ended. */
    boolean lasting() {
        return port.lasting();
    }

    boolean interactive() {
        return port.interactive();
    }

    public void show(Content content) {
        await(writer.submit(() -> {
            port.display(content);
        }));
    }

    void stream(String text) {
        await(writer.submit(() -> port.stream(text)));
    }

    /** Runs {@code live.tick()} on the writer until the answer is closed; closing waits for a last tick. */
    AutoCloseableQuietly live(Live live) {
        if (live.atOnce()) {
            await(writer.submit(() -> live.tick(port)));
        }
        Runnable noMore = live.firstTickMillis() > 0 ? pulse.add(live, port) : ticking(live);
        return () -> {
            noMore.run();
            if (!live.silent()) {
                await(writer.submit(() -> live.end(port)));
            }
        };
    }

    private Runnable ticking(Live live) {
        Future<?> ticking = writer.scheduleWithFixedDelay(
                () -> live.tick(port), 0, Throttle.INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
        return () -> ticking.cancel(false);
    }

    /** Something that changes while it is shown; {@code tick} and {@code end} are called by the writer only. */
    interface Live {

        /** Before it there is nothing to show. */
        default long firstTickMillis() {
            return 0;
        }

        /** Whether it must stand in the cell before anything else happens. */
        default boolean atOnce() {
            return false;
        }

        /** Whether there was and will be nothing to show, so that nobody need wait for the writer. */
        default boolean silent() {
            return false;
        }

        void tick(Port port);

        void end(Port port);
    }

    /** Closes without an exception of its own. */
    public interface AutoCloseableQuietly extends AutoCloseable {
        @Override
        void close();
    }

    /** Waits even if interrupted, and remembers the interrupt for the caller's next wait. */
    private void await(Future<?> shown) {
        boolean interrupted = false;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        try {
            while (true) {
                try {
                    shown.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                    return;
                } catch (InterruptedException later) {
                    interrupted = true;
                } catch (TimeoutException stuck) {
                    throw told.apply(new IllegalStateException(
                            "the notebook did not take output for " + PATIENCE_SECONDS + " s", stuck));
                } catch (ExecutionException failed) {
                    throw told.apply(Objects.requireNonNullElse(failed.getCause(), failed));
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        writer.shutdown();
    }
}
