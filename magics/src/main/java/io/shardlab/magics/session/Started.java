package io.shardlab.magics.session;

import io.shardlab.mesh.Selection;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Something that was begun, in a cell or in the background: how it is doing, and what it left once it has ended. Any thread.
 *
 * @param <R> what it leaves
 */
public abstract sealed class Started<R> permits StartedRun, StartedCell {

    /** How it is doing. */
    public enum State {
        PREPARING,
        RUNNING,
        STOPPING,
        DONE,
        INTERRUPTED,
        FAILED
    }

    private static final long STOP_MILLIS = 2000;

    private final String name;
    private final boolean inBackground;
    private final LongSupplier nanos;
    private final long began;
    private final CountDownLatch prepared = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final List<Runnable> afterwards = new ArrayList<>();
    private boolean stopAsked;
    private boolean concluded;
    private String note = "";
    private long took = -1;
    private @Nullable Thread waiting;
    private @Nullable R result;
    private @Nullable ShardException problem;

    Started(String name, boolean inBackground, LongSupplier nanos) {
        this.name = name;
        this.inBackground = inBackground;
        this.nanos = nanos;
        this.began = nanos.getAsLong();
    }

    /** What it is: {@code run}, {@code cell}. */
    abstract String kind();

    /** The ranks that it runs on, as far as the user chose them. */
    abstract Selection selection();

    /** Whether it has got past everything that can be refused. */
    abstract boolean underWay();

    /** How it ended, by what it left. */
    abstract State ending(R left);

    /** How far it is, in a few words: {@code running, step 12 of 100}. */
    abstract String story();

    /** The same for those who watch from moment to moment. */
    abstract String news();

    /** What remains of it when it is stopped now, or was. */
    abstract String kept();

    public String name() {
        return name;
    }

    public boolean inBackground() {
        return inBackground;
    }

    public synchronized State state() {
        R left = result;
        if (problem != null) {
            return problem.interrupted() ? State.INTERRUPTED : State.FAILED;
        }
        if (left != null) {
            return ending(left);
        }
        return stopAsked ? State.STOPPING : underWay() ? State.RUNNING : State.PREPARING;
    }

    String stateWord() {
        return state().name().toLowerCase(Locale.ROOT);
    }

    public boolean isOver() {
        return ended.getCount() == 0;
    }

    synchronized double seconds() {
        return (took < 0 ? nanos.getAsLong() - began : took) / 1e9;
    }

    /** What it left, once it has ended; also if it was interrupted. */
    synchronized Optional<R> result() {
        return Optional.ofNullable(result);
    }

    synchronized Optional<ShardException> problem() {
        return Optional.ofNullable(problem);
    }

    /** {@code run first}. */
    String title() {
        return kind() + " " + name;
    }

    /** Why others must wait, and what can be done about it. */
    String inTheWay() {
        return title() + " is under way in the background (" + story() + "); `%shard wait " + name
                + "` waits for it, `%shard interrupt " + name + "` stops it";
    }

    // What it tells itself.

    /** Nothing of it will be refused any more. */
    void nowUnderWay() {
        prepared.countDown();
    }

    synchronized void end(R left) {
        result = left;
        over();
    }

    /** It left something, and yet it failed. */
    synchronized void end(R left, ShardException cause) {
        problem = cause;
        end(left);
    }

    synchronized void fail(ShardException cause) {
        if (result == null) {
            problem = cause;
        }
        over();
    }

    private void over() {
        if (took < 0) {
            took = nanos.getAsLong() - began;
        }
        prepared.countDown();
        if (!inBackground) {
            ended.countDown();
        }
    }

    /** The cell that waited for it was interrupted, and it has not ended yet. */
    synchronized void stopping() {
        stopAsked = true;
    }

    /** What was said when it was stopped. */
    synchronized void note(String text) {
        note = text;
    }

    synchronized String note() {
        return note;
    }

    /** Called once by the thread that waited for it in the background, when nothing more will happen to it. */
    void conclude() {
        List<Runnable> waiters;
        synchronized (this) {
            concluded = true;
            ended.countDown();
            waiters = List.copyOf(afterwards);
            afterwards.clear();
        }
        waiters.forEach(Runnable::run);
    }

    // What others ask.

    /** Does something when all is over, on its own thread, or at once if it is. */
    void afterwards(Runnable action) {
        synchronized (this) {
            if (!concluded) {
                afterwards.add(action);
                return;
            }
        }
        action.run();
    }

    /** The thread that waits for it as a cell would, and can be interrupted as one. */
    synchronized void waitsOn(Thread thread) {
        waiting = thread;
    }

    /** Waits until it is under way or over, but not for ever. */
    boolean awaitPrepared(long millis) throws InterruptedException {
        return prepared.await(millis, TimeUnit.MILLISECONDS);
    }

    void awaitEnd() throws InterruptedException {
        ended.await();
    }

    /**
     * Waits for the end.
     *
     * @return what it left; less if it was interrupted
     * @throws ShardException if it failed, or if this wait was interrupted, which does not stop it
     */
    public R await() {
        try {
            ended.await();
        } catch (InterruptedException enough) {
            throw ShardException.interrupted("interrupted: waiting for " + title() + ", which goes on (" + story()
                    + "); `%shard interrupt " + name + "` stops it");
        }
        synchronized (this) {
            if (result != null && problem == null) {
                return result;
            }
            throw Objects.requireNonNull(problem, "what has ended has a result or a problem");
        }
    }

    /** Asks it to stop and waits a moment; true if it has ended then. */
    boolean stop() throws InterruptedException {
        Thread cell;
        synchronized (this) {
            stopAsked = true;
            cell = waiting;
        }
        if (cell != null) {
            cell.interrupt();
        }
        return ended.await(STOP_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public String toString() {
        return title() + ", " + story();
    }
}
