package io.shardlab.magics.session;

import io.shardlab.cluster.SteadyThread;
import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.backend.FailedWorkers;
import io.shardlab.schedule.ScheduleException;
import io.shardlab.weights.DamagedFileException;
import io.shardlab.weights.FileFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Lets the cell's thread wait, interruptibly, for work on a thread of its own.
 *
 * <p>An interrupt asks the backend to stop and gives it {@value #GRACE_MILLIS} ms before the cell ends; an interrupt while it is
 * still stopping kills. The stop is asked for on a third thread, because an interrupted thread must not touch a channel. A fourth
 * one only looks, whatever the others do.
 *
 * <p>A background run waits here on a thread of its own, as a cell would; what else needs the workers is refused meanwhile.
 */
final class Work implements AutoCloseable {

    static final long GRACE_MILLIS = 300;
    private static final long LAST_MILLIS = 1000;

    private final ExecutorService worker = daemon("shard-work");
    private final ExecutorService control = daemon("shard-control");
    private final ExecutorService looker = daemon("shard-look");
    private final Backend backend;
    private final LongSupplier nanos;
    private volatile @Nullable Future<?> running;
    private volatile @Nullable Background background;
    private volatile long lastUsed;

    /** @param story says in one line what is under way, and what can be done about it */
    private record Background(Thread thread, Supplier<String> story, BooleanSupplier over) {}

    /** @param nanos a clock, for {@link #whenUnused} */
    Work(Backend backend, LongSupplier nanos) {
        this.backend = backend;
        this.nanos = nanos;
        this.lastUsed = nanos.getAsLong();
    }

    private static ExecutorService daemon(String name) {
        return Executors.newSingleThreadExecutor(task -> new SteadyThread(task, name));
    }

    /**
     * Does something that the user can stop. An interrupt that came before is meant for it, and for nothing earlier: the cell
     * may be over by then, and another one begun. Refused at once where workers are lost.
     *
     * @param kept says, once stopped, what remains, {@code weights kept at step 7}; it is given what each rank was doing
     */
    <T> T call(String what, Callable<T> action, UnaryOperator<String> kept) {
        return callAnyway(
                what,
                () -> {
                    Optional<String> lost = backend.workers().lost();
                    if (lost.isPresent()) {
                        throw new IllegalStateException(lost.get());
                    }
                    return action.call();
                },
                kept);
    }

    /** The same for a verb that can do without workers, or starts and ends them: lost ones do not matter to it. */
    <T> T callAnyway(String what, Callable<T> action) {
        return callAnyway(what, action, doing -> doing);
    }

    private <T> T callAnyway(String what, Callable<T> action, UnaryOperator<String> kept) {
        requireFree(what);
        if (Thread.interrupted()) {
            throw ShardException.interrupted("interrupted: " + what + " had not begun");
        }
        waitForEarlier();
        AtomicBoolean stopped = new AtomicBoolean();
        Future<T> future = worker.submit(() -> {
            try (Backend.Begun begun = backend.begin(what)) {
                if (stopped.get()) {
                    throw new IllegalStateException("stopped before it began");
                }
                return action.call();
            } finally {
                lastUsed = nanos.getAsLong();
            }
        });
        running = future;
        try {
            return future.get();
        } catch (InterruptedException stop) {
            stopped.set(true); // First, so that an action that begins after the backend was told sees this.
            throw interrupted(what, future, kept);
        } catch (ExecutionException failed) {
            throw translated(failed.getCause());
        }
    }

    <T> T call(String what, Callable<T> action) {
        return call(what, action, doing -> doing);
    }

    /** Refuses what needs the workers while a run in the background has them. */
    void requireFree(String what) {
        Background other = background;
        if (other != null
                && other.thread() != Thread.currentThread()
                && !other.over().getAsBoolean()) {
            throw new ShardException(what + ": " + other.story().get());
        }
    }

    /** Does something on a thread of its own, as a cell would on its, until {@code over}. One at a time. */
    Thread begin(String name, Supplier<String> story, BooleanSupplier over, Runnable cell) {
        requireFree(name);
        Thread thread = new Thread(cell, "shard-run-" + name);
        thread.setDaemon(true);
        background = new Background(thread, story, over);
        thread.start();
        return thread;
    }

    /** Waits until what was asked last has really ended, though the wait for it may have been interrupted. */
    void awaitEarlier() {
        Future<?> earlier = running;
        boolean interrupted = false;
        while (earlier != null && !earlier.isDone()) {
            try {
                earlier.get();
            } catch (InterruptedException again) {
                interrupted = true;
            } catch (ExecutionException itsOwnAffair) {
                break;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Looks at what is there, also while something is running. Stops nothing if it is interrupted. */
    <T> T look(String what, Callable<T> action) {
        lastUsed = nanos.getAsLong();
        try {
            return looker.submit(action).get();
        } catch (InterruptedException stop) {
            throw ShardException.interrupted("interrupted: " + what);
        } catch (ExecutionException failed) {
            throw translated(failed.getCause());
        }
    }

    private boolean idle() {
        Background other = background;
        return other == null || other.over().getAsBoolean();
    }

    /** Does something if nothing has been asked for {@code unusedNanos}, and nothing is going on; answers whether it did. */
    boolean whenUnused(long unusedNanos, Runnable action) {
        try {
            return worker.submit(() -> {
                        boolean unused = idle() && nanos.getAsLong() - lastUsed >= unusedNanos;
                        if (unused) {
                            action.run();
                        }
                        return unused;
                    })
                    .get();
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException failed) {
            throw translated(failed.getCause());
        }
    }

    /** Does something beside what is running, for instance stopping it. */
    <T> T beside(Callable<T> action) {
        try {
            return control.submit(action).get();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw ShardException.interrupted("interrupted");
        } catch (ExecutionException failed) {
            throw translated(failed.getCause());
        }
    }

    /** After an interrupt the last action may still be stopping; whoever interrupts this wait means it. */
    private void waitForEarlier() {
        Future<?> earlier = running;
        if (earlier == null || earlier.isDone()) {
            return;
        }
        try {
            earlier.get();
        } catch (InterruptedException again) {
            control.execute(backend::kill);
            throw ShardException.interrupted(
                    "interrupted twice: workers are being killed, with their weights and variables;"
                            + " `%shard up` starts new ones");
        } catch (ExecutionException itsOwnAffair) {
            // Told to the cell that started it.
        }
    }

    private ShardException interrupted(String what, Future<?> future, UnaryOperator<String> kept) {
        Future<String> stopped = control.submit(() -> {
            try {
                return RanksAtWork.of(backend.workers().status());
            } finally {
                backend.cancel();
            }
        });
        String state = "";
        try {
            future.get(GRACE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException slow) {
            state = " (still stopping; interrupt again to kill the workers)";
        } catch (ExecutionException failed) {
            Throwable cause = failed.getCause();
            state = cause == null ? "" : " (" + translated(cause).getMessage() + ")";
        } catch (InterruptedException again) {
            control.execute(backend::kill);
            return ShardException.interrupted(
                    "interrupted twice: " + what + "; workers are being killed, with their weights and variables");
        }
        String remains = kept.apply(now(stopped));
        return ShardException.interrupted("interrupted: " + what + (remains.isEmpty() ? "" : "; " + remains) + state);
    }

    /** What the ranks were doing; nothing where that is not known, which is no reason not to say the rest. */
    private static String now(Future<String> told) {
        try {
            return told.get(GRACE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException again) {
            Thread.currentThread().interrupt();
            return "";
        } catch (ExecutionException | TimeoutException unknown) {
            return "";
        }
    }

    /** Kills the workers and whatever they do. */
    void kill() {
        control.execute(backend::kill);
    }

    /** Every reason for which an action can fail, as one that a user reads. */
    static ShardException translated(@Nullable Throwable cause) {
        if (cause instanceof ShardException known) {
            return known;
        }
        if (cause instanceof FailedWorkers failed) {
            return ShardException.failed(failed);
        }
        if (cause instanceof Cells.MistakenCell mistaken) {
            return new ShardException(oneLine(String.valueOf(mistaken.getMessage())), mistaken);
        }
        if (cause instanceof ScheduleException drawn) {
            return new ShardException(oneLine(drawn.problem()), drawn);
        }
        if (cause instanceof UncheckedIOException file) {
            String said = wordless(file)
                    .map(why -> "a file cannot be read or written: " + new FileFailure(why).reason())
                    .orElseGet(() -> String.valueOf(file.getMessage()));
            return new ShardException(oneLine(said), file);
        }
        if (cause instanceof IllegalArgumentException
                || cause instanceof IllegalStateException
                || cause instanceof DamagedFileException) {
            return new ShardException(oneLine(String.valueOf(cause.getMessage())), cause);
        }
        return new ShardException("unexpected " + oneLine(String.valueOf(cause)), cause);
    }

    /** The cause, where the class and message of the cause are all that is said. */
    private static Optional<IOException> wordless(UncheckedIOException file) {
        return Optional.ofNullable(file.getCause()).filter(why -> why.toString().equals(file.getMessage()));
    }

    private static String oneLine(String text) {
        return text.replaceAll("[\\p{Cntrl}]+", " ").strip();
    }

    /** Asks what is running to stop and takes nothing new. */
    void stop() {
        control.execute(backend::cancel);
        worker.shutdown();
        control.shutdown();
        looker.shutdownNow();
    }

    /** Waits a moment for what was running. */
    @Override
    public void close() {
        try {
            if (!worker.awaitTermination(LAST_MILLIS, TimeUnit.MILLISECONDS)) {
                worker.shutdownNow();
            }
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }
}
