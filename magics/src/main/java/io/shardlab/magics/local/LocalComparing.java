package io.shardlab.magics.local;

import io.shardlab.magics.backend.Comparing;
import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.backend.Runs;
import io.shardlab.parity.BrokenPlan;
import io.shardlab.plan.Plan;
import io.shardlab.run.Request;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Lets the workers run one scheme after the other. */
final class LocalComparing implements Comparing {

    private final RunningCluster cluster;
    private final LocalRuns runs;

    LocalComparing(RunningCluster cluster, LocalRuns runs) {
        this.cluster = cluster;
        this.runs = runs;
    }

    @Override
    public boolean stopping() {
        return cluster.stopping();
    }

    @Override
    public Runs.TrainOutcome run(Runs.TrainRequest request, boolean apart) {
        Plan running = runs.replanned(request);
        return runs.run(apart ? BrokenPlan.withoutDataSum(running) : running, request, Progress.SILENT);
    }

    @Override
    public Runs.InferOutcome infer(List<Integer> prompt, int maxNew) {
        return runs.infer(prompt, maxNew, (id, millis) -> {});
    }

    @Override
    public Aside putAside(Path folder) {
        Optional<Plan> before = cluster.placed().plan();
        if (before.isEmpty()) {
            return () -> {
                cluster.stopObeyed();
                cluster.placed().giveWay();
                cluster.ask(new Request.Clear());
                return "";
            };
        }
        PlacedModel.Kept kept = cluster.placed().keep();
        PlacedCheckpoint.of(cluster, Progress.SILENT)
                .save(folder, cluster.placed().state());
        return () -> {
            cluster.stopObeyed();
            cluster.placed().giveWay();
            cluster.ask(new Request.Place(before.get(), Optional.empty()));
            cluster.placed().restore(kept);
            PlacedCheckpoint.of(cluster, Progress.SILENT).load(folder);
            return before.get().model() + " under " + before.get().scheme() + " is placed again, as it was after step "
                    + cluster.placed().stepsTrained();
        };
    }
}
