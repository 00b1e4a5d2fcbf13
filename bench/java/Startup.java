import io.shardlab.cluster.Cluster;
import io.shardlab.cluster.ClusterSpec;
import io.shardlab.model.Planner;
import io.shardlab.model.Presets;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.tensor.TensorType;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Starts workers and prints when, on the host's monotonic clock in nanoseconds, this program was entered, all ranks had loaded
 * the engine and passed a barrier, and all ranks had computed something together. Arguments: number of workers, home folder.
 */
public final class Startup {

    private Startup() {}

    public static void main(String[] args) throws Exception {
        long entered = System.nanoTime();
        int numWorkers = Integer.parseInt(args[0]);
        try (Cluster cluster =
                Cluster.start(ClusterSpec.cpu(numWorkers, numWorkers).withThreads(1), Path.of(args[1]), event -> {})) {
            long started = System.nanoTime();
            ask(cluster, new Request.Warm());
            long passed = System.nanoTime();
            Plan plan = Planner.plan(
                    Presets.resolve("tiny"),
                    Scheme.tp(numWorkers),
                    new Planner.Settings(TensorType.FLOAT32, new Plan.Workload(1, 16, 1), "1f1b", 0));
            ask(cluster, new Request.Place(plan, Optional.empty()));
            ask(cluster, new Request.Infer(List.of(1, 2, 3), 1));
            long computed = System.nanoTime();
            System.out.println("{\"entered\":" + entered + ",\"started\":" + started + ",\"passed\":" + passed
                    + ",\"computed\":" + computed + "}");
        }
    }

    private static void ask(Cluster cluster, Request request) throws Exception {
        for (Reply reply : cluster.submit(request).get()) {
            if (reply instanceof Reply.Failed failed) {
                throw new IllegalStateException(failed.message());
            }
        }
    }
}
