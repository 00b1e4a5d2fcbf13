package io.shardlab.magics.local;

import io.shardlab.cost.Hardware;
import io.shardlab.cost.StepEstimate;
import io.shardlab.magics.backend.Measures;
import io.shardlab.plan.Plan;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.trace.Timeline;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What the worker JVMs counted and what was heard of their last run. */
final class LocalMeasures implements Measures {

    private final RunningCluster cluster;

    LocalMeasures(RunningCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public List<MemoryRow> memory(boolean resetHighWater) {
        return new MeasuredMemory(cluster).ask(resetHighWater);
    }

    @Override
    public List<TrafficRow> traffic(boolean reset) {
        List<Reply> replies = cluster.ask(new Request.Traffic(reset));
        List<TrafficRow> rows = new ArrayList<>();
        for (int rank = 0; rank < replies.size(); rank++) {
            Map<String, Map<Integer, Long>> sent = ((Reply.Sent) replies.get(rank)).bytesTo();
            long[] bytesTo = new long[replies.size()];
            Map<String, Long> byCollective = new HashMap<>();
            sent.forEach((name, bytes) -> bytes.forEach((to, count) -> {
                bytesTo[to] += count;
                byCollective.merge(name, count, Long::sum);
            }));
            rows.add(new TrafficRow(
                    rank, cluster.role(rank), Arrays.stream(bytesTo).boxed().toList(), byCollective));
        }
        return rows;
    }

    @Override
    public Timeline timeline(OptionalInt step, boolean predicted) {
        Optional<TrainingRecord> record = cluster.placed().lastRun();
        if (predicted) {
            Plan plan = record.map(TrainingRecord::plan)
                    .orElseGet(() -> cluster.placed().requirePlan());
            Hardware rates = cluster.rates()
                    .of(plan.model())
                    .orElseThrow(() -> new IllegalStateException(
                            "no workers; `%shard up` starts some, and with them rates are measured"));
            return StepEstimate.of(plan, rates).timeline();
        }
        return record.orElseThrow(
                        () -> new IllegalStateException("nothing was trained yet; `%shard train` records a timeline"))
                .timeline(step);
    }
}
