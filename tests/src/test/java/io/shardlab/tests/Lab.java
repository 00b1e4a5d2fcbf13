package io.shardlab.tests;

import io.shardlab.cluster.Cluster;
import io.shardlab.cluster.ClusterSpec;
import io.shardlab.cluster.WorkerEvent;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.run.Event;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.TrainSettings;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.StepMetrics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Worker JVMs as the product starts them, and what they said. */
final class Lab implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 120;

    private final Cluster cluster;
    private final List<StepMetrics> steps;

    private Lab(Cluster cluster, List<StepMetrics> steps) {
        this.cluster = cluster;
        this.steps = steps;
    }

    static Lab start(Path home, int workers, Consumer<WorkerEvent> listener) throws Exception {
        return start(home, ClusterSpec.cpu(workers, 2), listener);
    }

    static Lab start(Path home, ClusterSpec spec, Consumer<WorkerEvent> listener) throws Exception {
        List<StepMetrics> steps = new ArrayList<>();
        Cluster cluster = Cluster.start(spec, home, event -> {
            if (event instanceof WorkerEvent.Said said && said.event() instanceof Event.StepDone done) {
                synchronized (steps) {
                    steps.add(done.metrics());
                    steps.notifyAll();
                }
            }
            listener.accept(event);
        });
        return new Lab(cluster, steps);
    }

    /** Four layers, four heads: divisible by every layout on up to four ranks. */
    static Plan plan(String scheme, TensorType type, int microbatches) {
        return plan(scheme, type, microbatches, Options.DEFAULT);
    }

    static Plan plan(String scheme, TensorType type, int microbatches, Options options) {
        ModelSpec model =
                new ModelSpec("parity", 256, 32, 48, 4, 4, 4, 8, 10_000, 1e-5, true, 64, 0.05, Optional.empty());
        return Planner.plan(
                model,
                Scheme.parse(scheme),
                new Planner.Settings(type, new Plan.Workload(8, 16, microbatches), "1f1b", 7, options));
    }

    static Path tokens(Path file, int count) throws IOException {
        ByteBuffer ids = ByteBuffer.allocate(count * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            ids.putInt((i * i + 31 * i) % 256);
        }
        return Files.write(file, ids.array());
    }

    Cluster cluster() {
        return cluster;
    }

    List<Reply> run(Request request) throws Exception {
        List<Reply> replies = cluster.submit(request).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        for (Reply reply : replies) {
            if (reply instanceof Reply.Failed failed) {
                throw new AssertionError(
                        failed.type() + ": " + failed.message() + "\n  " + String.join("\n  ", failed.stack()));
            }
        }
        return replies;
    }

    List<Double> losses(Plan plan, TrainSettings settings, Path tokens) throws Exception {
        synchronized (steps) {
            steps.clear();
        }
        run(new Request.Train(plan, settings, tokens.toString(), 0));
        return metrics().stream().map(StepMetrics::loss).toList();
    }

    List<StepMetrics> metrics() {
        synchronized (steps) {
            return List.copyOf(steps);
        }
    }

    /** Waits until training has come to a step. */
    void awaitStep(int step) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        synchronized (steps) {
            while (steps.stream().noneMatch(done -> done.step() >= step)) {
                long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (left <= 0) {
                    throw new AssertionError("step " + step + " was not reached in " + PATIENCE_SECONDS + " s");
                }
                steps.wait(left);
            }
        }
    }

    @Override
    public void close() {
        cluster.close();
    }
}
