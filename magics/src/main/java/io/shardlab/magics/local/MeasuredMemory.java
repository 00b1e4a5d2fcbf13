package io.shardlab.magics.local;

import io.shardlab.cost.MemoryEstimate;
import io.shardlab.magics.backend.Measures;
import io.shardlab.plan.Plan;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.trace.MemoryUse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Memory that the workers measured, beside what a plan says. */
record MeasuredMemory(RunningCluster cluster) {

    /** Memory now, beside the placed plan's if there is one. */
    List<Measures.MemoryRow> ask(boolean resetHighWater) {
        List<Reply> replies = cluster.ask(new Request.Memory(resetHighWater));
        List<MemoryUse> uses = Replies.memory(replies);
        Optional<Plan> plan = cluster.placed().plan();
        return plan.isPresent()
                ? rows(plan.get(), uses)
                : uses.stream().map(use -> row(use, "-", Optional.empty())).toList();
    }

    List<Measures.MemoryRow> rows(Plan plan, List<MemoryUse> uses) {
        List<MemoryUse> planned = MemoryEstimate.of(plan).ranks();
        List<Measures.MemoryRow> rows = new ArrayList<>();
        for (MemoryUse use : uses) {
            boolean inPlan = use.rank() < plan.mesh().size();
            rows.add(row(
                    use,
                    inPlan ? plan.mesh().role(use.rank()) : "idle",
                    inPlan ? Optional.of(planned.get(use.rank())) : Optional.empty()));
        }
        return rows;
    }

    private Measures.MemoryRow row(MemoryUse use, String role, Optional<MemoryUse> planned) {
        String device = cluster.current().spec().devices().get(use.rank()).toString();
        return new Measures.MemoryRow(use.rank(), role, device, use, planned, cluster.memoryBytes());
    }
}
