package io.shardlab.magics.table;

import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Grid;
import io.shardlab.trace.Span;
import io.shardlab.trace.Timeline;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Where the time of one rank went in one step, in milliseconds. Collectives lie inside passes and are taken out of them, so
 * the parts and the idle rest add up to the step.
 */
public record RankTimes(
        int rank, double forward, double backward, double communication, double optimizer, double total) {

    public static Grid<RankTimes> of(Timeline timeline) {
        long start = timeline.spans().stream().mapToLong(Span::startNanos).min().orElse(0);
        long end = timeline.spans().stream().mapToLong(Span::endNanos).max().orElse(0);
        List<RankTimes> rows = new ArrayList<>();
        for (int rank = 0; rank < timeline.numRanks(); rank++) {
            rows.add(of(timeline, rank, (end - start) / 1e6));
        }
        return new Grid<>(
                (timeline.predicted() ? "predicted" : "measured") + " time of each rank",
                List.of(
                        Column.integer("rank", "rank", RankTimes::rank),
                        Column.number("forward_ms", "forward ms", 1, RankTimes::forward),
                        Column.number("backward_ms", "backward ms", 1, RankTimes::backward),
                        Column.number("comm_ms", "communication ms", 1, RankTimes::communication),
                        Column.number("optimizer_ms", "optimizer ms", 1, RankTimes::optimizer),
                        Column.number("idle_ms", "idle ms", 1, RankTimes::idle),
                        Column.number(
                                "idle_pct", "idle %", 1, row -> row.total > 0 ? 100 * row.idle() / row.total : 0)),
                rows);
    }

    private static RankTimes of(Timeline timeline, int rank, double total) {
        Map<Span.Kind, Double> sums = new EnumMap<>(Span.Kind.class);
        timeline.ofRank(rank).forEach(span -> sums.merge(span.kind(), span.nanos() / 1e6, Double::sum));
        double insideForward = timeline.collectiveNanos(rank, Span.Kind.FORWARD) / 1e6;
        double insideBackward = timeline.collectiveNanos(rank, Span.Kind.BACKWARD) / 1e6;
        return new RankTimes(
                rank,
                sums.getOrDefault(Span.Kind.FORWARD, 0.0) - insideForward,
                sums.getOrDefault(Span.Kind.BACKWARD, 0.0)
                        + sums.getOrDefault(Span.Kind.BACKWARD_WEIGHT, 0.0)
                        - insideBackward,
                sums.getOrDefault(Span.Kind.COLLECTIVE, 0.0)
                        + sums.getOrDefault(Span.Kind.SEND, 0.0)
                        + timeline.exposedSyncNanos(rank) / 1e6,
                sums.getOrDefault(Span.Kind.OPTIMIZER, 0.0),
                total);
    }

    /** Waiting counts as idle. To the nanosecond: differences of sums leave less than that. */
    double idle() {
        return Math.max(0, Math.round(1e6 * (total - forward - backward - communication - optimizer)) / 1e6);
    }
}
