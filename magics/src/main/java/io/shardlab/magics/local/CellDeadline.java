package io.shardlab.magics.local;

import io.shardlab.cluster.Cluster;
import io.shardlab.cluster.WorkerEvent;
import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.command.CellOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Hears a running cell, and asks its ranks to stop when its time is over. */
final class CellDeadline implements AutoCloseable {

    private final Cluster cluster;
    private final List<Integer> ranks;
    private final CellOptions options;
    private final Cells.Listener listener;
    private final Set<Integer> answered = new TreeSet<>();
    private final List<String> late = new ArrayList<>();
    private final Optional<Future<?>> alarm;

    CellDeadline(Cluster cluster, List<Integer> ranks, CellOptions options, Cells.Listener listener) {
        this.cluster = cluster;
        this.ranks = ranks;
        this.options = options;
        this.listener = listener;
        this.alarm = options.timeout()
                .map(limit -> CompletableFuture.runAsync(
                        this::ring, CompletableFuture.delayedExecutor(limit.toNanos(), TimeUnit.NANOSECONDS)));
    }

    synchronized void hear(WorkerEvent event) {
        if (event instanceof WorkerEvent.Printed printed) {
            listener.printed(printed.rank(), printed.error(), printed.text());
        } else if (event instanceof WorkerEvent.Answered ended) {
            answered.add(ended.rank());
        }
    }

    /** The ranks that still run the cell, and what they do. */
    synchronized List<String> unfinished() {
        return ranks.stream()
                .filter(rank -> !answered.contains(rank))
                .map(rank -> "rank " + rank + " in "
                        + cluster.status().get(rank).note().phase())
                .toList();
    }

    private synchronized void ring() {
        late.addAll(unfinished());
        if (!late.isEmpty()) {
            cluster.cancel();
        }
    }

    synchronized void requireKept() {
        if (!late.isEmpty()) {
            throw new IllegalStateException("the cell was stopped after "
                    + options.timeout().map(limit -> limit.toMillis() / 1000.0).orElse(0.0)
                    + " s: " + String.join(", ", late)
                    + " had not ended; variables and weights are kept");
        }
    }

    @Override
    public void close() {
        alarm.ifPresent(set -> set.cancel(false));
    }
}
