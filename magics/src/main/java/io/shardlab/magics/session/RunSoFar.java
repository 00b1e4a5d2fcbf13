package io.shardlab.magics.session;

import io.shardlab.magics.backend.Progress;
import io.shardlab.plan.Plan;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a run has told so far, and tells everyone who watches, from the beginning, whenever they come. Any thread. */
final class RunSoFar implements Progress {

    private static final int RECENT = 8;

    private final List<Progress> watchers = new ArrayList<>();
    private final List<StepMetrics> metrics = new ArrayList<>();
    private final Map<Integer, MemoryUse> memory = new TreeMap<>();
    private @Nullable Plan plan;
    private @Nullable Phase phase;
    private int lastSaved;

    private record Phase(String what, long done, long total) {}

    @Override
    public synchronized void begins(Plan begun) {
        plan = begun;
        watchers.forEach(watcher -> watcher.begins(begun));
    }

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

    /** Tells {@code watcher} everything up to now, then everything that follows. */
    synchronized void watch(Progress watcher) {
        Plan known = plan;
        if (known != null) {
            watcher.begins(known);
        }
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

    synchronized int stepsDone() {
        return metrics.size();
    }

    /** The step of the last checkpoint; 0 if there is none. */
    synchronized int lastSaved() {
        return lastSaved;
    }

    synchronized OptionalDouble lastLoss() {
        return metrics.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(metrics.get(metrics.size() - 1).loss());
    }

    /** What its throughput counts. */
    synchronized String unit() {
        Plan known = plan;
        return known == null ? "tokens" : known.unit();
    }

    /** Of the last steps. */
    synchronized OptionalDouble tokensPerSecond() {
        return metrics.stream()
                .skip(Math.max(0, metrics.size() - RECENT))
                .mapToDouble(StepMetrics::tokensPerSecond)
                .average();
    }
}
