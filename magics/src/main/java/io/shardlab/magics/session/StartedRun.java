package io.shardlab.magics.session;

import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A run that was begun, in a cell or in the background: how far it is, and what it left once it has ended. Hears the run and passes
 * on to everyone who watches, from the beginning, whenever they come. Any thread.
 */
public final class StartedRun implements Progress {

    /** How a run is doing. */
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
    private final List<Progress> watchers = new ArrayList<>();
    private final List<Runnable> afterwards = new ArrayList<>();
    private final List<StepMetrics> metrics = new ArrayList<>();
    private final Map<Integer, MemoryUse> memory = new TreeMap<>();
    private @Nullable Phase phase;
    private String model = "";
    private String scheme = "";
    private int stepsToDo;
    private int doneBefore;
    private int lastSaved;
    private String doing = "";
    private boolean stopAsked;
    private boolean concluded;
    private String note = "";
    private long took = -1;
    private @Nullable Thread waiting;
    private @Nullable Path folder;
    private @Nullable Run run;
    private @Nullable ShardException problem;

    private record Phase(String what, long done, long total) {}

    StartedRun(String name, boolean inBackground, int stepsToDo, LongSupplier nanos) {
        this.name = name;
        this.inBackground = inBackground;
        this.stepsToDo = stepsToDo;
        this.nanos = nanos;
        this.began = nanos.getAsLong();
    }

    public String name() {
        return name;
    }

    public boolean inBackground() {
        return inBackground;
    }

    public synchronized State state() {
        Run result = run;
        if (problem != null) {
            return problem.interrupted() ? State.INTERRUPTED : State.FAILED;
        }
        if (result != null) {
            return result.outcome().cancelled() ? State.INTERRUPTED : State.DONE;
        }
        return stopAsked ? State.STOPPING : folder == null ? State.PREPARING : State.RUNNING;
    }

    public boolean isOver() {
        return ended.getCount() == 0;
    }

    /** Steps done so far; of a resumed run those since then. */
    public synchronized int stepsDone() {
        return metrics.size();
    }

    public synchronized int steps() {
        return stepsToDo;
    }

    synchronized String model() {
        return model;
    }

    synchronized String scheme() {
        return scheme;
    }

    synchronized OptionalDouble lastLoss() {
        return metrics.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(metrics.get(metrics.size() - 1).loss());
    }

    /** Of the last steps. */
    synchronized OptionalDouble tokensPerSecond() {
        return metrics.stream()
                .skip(Math.max(0, metrics.size() - 8))
                .mapToDouble(StepMetrics::tokensPerSecond)
                .average();
    }

    synchronized double seconds() {
        return (took < 0 ? nanos.getAsLong() - began : took) / 1e9;
    }

    /** The run's folder, once it has one. */
    public synchronized Optional<Path> folder() {
        return Optional.ofNullable(folder);
    }

    /** Tables and files, once it has ended; also of an interrupted one. */
    synchronized Optional<Run> result() {
        return Optional.ofNullable(run);
    }

    synchronized Optional<ShardException> problem() {
        return Optional.ofNullable(problem);
    }

    /** How far it is, in a few words: {@code running, step 12 of 100}. */
    String story() {
        return state().name().toLowerCase(Locale.ROOT) + ", step " + stepsDone() + " of " + steps();
    }

    // What the run tells.

    synchronized void prepared(Runs.TrainRequest request, Placement placement, Path files) {
        model = placement.model();
        scheme = placement.scheme();
        doneBefore = request.done();
        stepsToDo = request.settings().steps() - doneBefore;
        folder = files;
        prepared.countDown();
    }

    /** What runs where. */
    record Placement(String model, String scheme) {}

    @Override
    public synchronized void step(StepMetrics step) {
        metrics.add(step);
        watchers.forEach(watcher -> watcher.step(step));
    }

    @Override
    public synchronized void memory(MemoryUse use) {
        memory.put(use.rank(), use);
        watchers.forEach(watcher -> watcher.memory(use));
    }

    @Override
    public synchronized void saved(int step) {
        lastSaved = step;
        watchers.forEach(watcher -> watcher.saved(step));
    }

    @Override
    public synchronized void progress(String what, long done, long total) {
        phase = new Phase(what, done, total);
        watchers.forEach(watcher -> watcher.progress(what, done, total));
    }

    synchronized void end(Run result) {
        run = result;
        over();
    }

    synchronized void fail(ShardException cause) {
        if (run == null) {
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

    /** What the ranks were doing when it was asked to stop. */
    synchronized void stoppedIn(String ranks) {
        doing = ranks;
    }

    /** What remains of it when it is stopped now, or was; nothing is lost between whole steps. */
    synchronized String kept() {
        return "weights kept at step " + (doneBefore + metrics.size())
                + (lastSaved > 0 ? ", checkpoint of step " + lastSaved : "")
                + (doing.isEmpty() ? "" : "; " + doing);
    }

    /** Called once by the thread that waited for a run in the background, when nothing more will happen to it. */
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

    /** Does something when all is over, on the run's own thread, or at once if it is. */
    void afterwards(Runnable action) {
        synchronized (this) {
            if (!concluded) {
                afterwards.add(action);
                return;
            }
        }
        action.run();
    }

    synchronized String note() {
        return note;
    }

    /** Tells {@code watcher} everything up to now, then everything that follows. */
    synchronized void watch(Progress watcher) {
        Phase last = phase;
        if (metrics.isEmpty() && last != null) {
            watcher.progress(last.what(), last.done(), last.total());
        }
        metrics.forEach(watcher::step);
        memory.values().forEach(watcher::memory);
        watchers.add(watcher);
    }

    synchronized void unwatch(Progress watcher) {
        watchers.remove(watcher);
    }

    /** The thread that waits for it as a cell would, and can be interrupted as one. */
    synchronized void waitsOn(Thread thread) {
        waiting = thread;
    }

    /** Waits until it runs or has failed, but not for ever. */
    boolean awaitPrepared(long millis) throws InterruptedException {
        return prepared.await(millis, TimeUnit.MILLISECONDS);
    }

    void awaitEnd() throws InterruptedException {
        ended.await();
    }

    /**
     * Waits for the end.
     *
     * @return the run; an interrupted one has fewer steps
     * @throws ShardException if it failed, or if this wait was interrupted, which does not stop the run
     */
    public Run await() {
        try {
            ended.await();
        } catch (InterruptedException enough) {
            throw ShardException.interrupted("interrupted: waiting for run " + name + ", which goes on (" + story()
                    + "); `%shard interrupt " + name + "` stops it");
        }
        synchronized (this) {
            if (run != null) {
                return run;
            }
            throw Objects.requireNonNull(problem, "a run ends with a result or a problem");
        }
    }

    /** Asks it to stop at the next micro-batch and waits a moment; true if it has ended then. */
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
        return "run " + name + ", " + story();
    }
}
