package io.shardlab.magics.session;

import io.shardlab.schedule.ScheduleException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets the cell's thread wait, interruptibly, for work on a thread of its own.
 *
 * <p>An interrupt asks the backend to stop and gives it {@value #GRACE_MILLIS} ms before the cell ends; an interrupt while it is
 * still stopping kills. The stop is asked for on a third thread, because an interrupted thread must not touch a channel.
 */
final class Work implements AutoCloseable {

    static final long GRACE_MILLIS = 300;
    private static final long LAST_MILLIS = 1000;

    private final ExecutorService worker = daemon("shard-work");
    private final ExecutorService control = daemon("shard-control");
    private final Backend backend;
    private volatile @Nullable Future<?> running;

    Work(Backend backend) {
        this.backend = backend;
    }

    private static ExecutorService daemon(String name) {
        return Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Does something that the user can stop.
     *
     * @param kept says, once stopped, what remains: {@code weights kept at step 7}
     */
    <T> T call(String what, Callable<T> action, Supplier<String> kept) {
        waitForEarlier();
        Future<T> future = worker.submit(action);
        running = future;
        try {
            return future.get();
        } catch (InterruptedException stop) {
            throw interrupted(what, future, kept);
        } catch (ExecutionException failed) {
            throw translated(failed.getCause());
        }
    }

    <T> T call(String what, Callable<T> action) {
        return call(what, action, () -> "");
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

    private ShardException interrupted(String what, Future<?> future, Supplier<String> kept) {
        control.execute(backend::cancel);
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
        String remains = kept.get();
        return ShardException.interrupted("interrupted: " + what + (remains.isEmpty() ? "" : "; " + remains) + state);
    }

    /** Every reason for which an action can fail, as one that a user reads. */
    static RuntimeException translated(@Nullable Throwable cause) {
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
        if (cause instanceof IllegalArgumentException || cause instanceof IllegalStateException) {
            return new ShardException(oneLine(String.valueOf(cause.getMessage())), cause);
        }
        return new ShardException("unexpected " + oneLine(String.valueOf(cause)), cause);
    }

    private static String oneLine(String text) {
        return text.replaceAll("[\\p{Cntrl}]+", " ").strip();
    }

    /** Asks what is running to stop and takes nothing new. */
    void stop() {
        control.execute(backend::cancel);
        worker.shutdown();
        control.shutdown();
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
