package io.shardlab.magics.session;

import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.view.Figures;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A training run that was begun. Hears the run and passes on to everyone who watches, from the beginning, whenever they come. Any
 * thread.
 */
public final class StartedRun extends Started<Run> implements Progress {

    private final List<Progress> watchers = new ArrayList<>();
    private final List<StepMetrics> metrics = new ArrayList<>();
    private final Map<Integer, MemoryUse> memory = new TreeMap<>();
    private @Nullable Phase phase;
    private String model = "";
    private String scheme = "";
    private int stepsToDo;
    private int doneBefore;
    private int lastSaved;
    private String doing = "";
    private @Nullable Path folder;

    private record Phase(String what, long done, long total) {}

    StartedRun(String name, boolean inBackground, int stepsToDo, LongSupplier nanos) {
        super(name, inBackground, nanos);
        this.stepsToDo = stepsToDo;
    }

    @Override
    String kind() {
        return "run";
    }

    @Override
    boolean underWay() {
        return folder().isPresent();
    }

    @Override
    State ending(Run left) {
        return left.outcome().cancelled() ? State.INTERRUPTED : State.DONE;
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

    /** The run's folder, once it has one. */
    public synchronized Optional<Path> folder() {
        return Optional.ofNullable(folder);
    }

    @Override
    String story() {
        return stateWord() + ", step " + stepsDone() + " of " + steps();
    }

    @Override
    String news() {
        OptionalDouble loss = lastLoss();
        OptionalDouble rate = tokensPerSecond();
        return title() + ": " + story()
                + (loss.isPresent() ? ", loss " + Figures.decimal(loss.getAsDouble(), 4) : "")
                + (rate.isPresent() ? ", " + Figures.decimal(rate.getAsDouble(), 0) + " tokens/s" : "");
    }

    // What the run tells.

    synchronized void prepared(Runs.TrainRequest request, Placement placement, Path files) {
        model = placement.model();
        scheme = placement.scheme();
        doneBefore = request.done();
        stepsToDo = request.settings().steps() - doneBefore;
        folder = files;
        nowUnderWay();
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

    /** What the ranks were doing when it was asked to stop. */
    synchronized void stoppedIn(String ranks) {
        doing = ranks;
    }

    /** Nothing is lost between whole steps. */
    @Override
    synchronized String kept() {
        return "weights kept at step " + (doneBefore + metrics.size())
                + (lastSaved > 0 ? ", checkpoint of step " + lastSaved : "")
                + (doing.isEmpty() ? "" : "; " + doing);
    }

    // What others ask.

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
}
