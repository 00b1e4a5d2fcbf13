package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.cost.CommunicationEstimate;
import io.shardlab.engine.Shard;
import io.shardlab.plan.Action;
import io.shardlab.plan.Collective;
import io.shardlab.plan.GradientBucket;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.trace.Span;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Sums a rank's gradients over the data axis, bucket by bucket, on a thread of its own while the backward pass goes on (Li et
 * al. 2020, section 3.2).
 *
 * <p>The rank's thread owns this object and says which segments are complete; only that thread asks the shard for gradients.
 * The second thread alone uses the group of the data axis between the first bucket of a step and {@link #await}, which also
 * tells the rank's thread what went wrong. All data ranks complete segments in the same order, so buckets need no agreement.
 */
final class GradientSum implements AutoCloseable {

    /** When a bucket's call began and ended. */
    private record Called(int stage, long startNanos, long endNanos, long bytes) {}

    private record Use(String segment, String parameter) {}

    private final Communicator group;
    private final Shard shard;
    private final Plan plan;
    private final Collective collective;
    private final BucketStorage storage;
    private final Map<Integer, List<GradientBucket>> buckets = new HashMap<>();
    private final CommitGuard guard;
    private final ExecutorService thread;

    private final Set<Use> complete = new HashSet<>();
    private final Set<GradientBucket> begun = Collections.newSetFromMap(new IdentityHashMap<>());
    private final List<Future<Called>> underWay = new ArrayList<>();

    GradientSum(PlacedPlan placed, Communicator group, CommitGuard guard) {
        this.group = group;
        this.guard = guard;
        shard = placed.shard();
        plan = placed.plan();
        collective = plan.splitsOptimizer() ? Collective.REDUCE_SCATTER : Collective.ALL_REDUCE;
        List<GradientBucket> all = new ArrayList<>();
        for (Stage stage : plan.stagesOf(placed.at().pipeline())) {
            List<GradientBucket> own =
                    GradientBucket.ofGradients(stage, placed.at().tensor(), plan.type());
            buckets.put(stage.index(), own);
            all.addAll(own);
        }
        storage = new BucketStorage(group, plan.type(), plan.splitsOptimizer(), all);
        thread = Executors.newSingleThreadExecutor(task -> {
            Thread made = new Thread(task, "shardlab-gradients-" + placed.rank());
            made.setDaemon(true);
            return made;
        });
    }

    /** Says that a segment has added its last gradients of this step. */
    void complete(int stage, Segment segment) {
        segment.parameters().forEach(parameter -> complete.add(new Use(segment.name(), parameter.name())));
        for (GradientBucket bucket : bucketsOf(stage)) {
            boolean ready = !begun.contains(bucket)
                    && bucket.pieces().stream()
                            .allMatch(piece -> complete.contains(
                                    new Use(piece.segment(), piece.parameter().name())));
            if (ready) {
                begin(stage, bucket);
            }
        }
    }

    /** Says that all gradients of a stage are final. */
    void finish(int stage) {
        bucketsOf(stage).forEach(bucket -> begin(stage, bucket));
    }

    private List<GradientBucket> bucketsOf(int stage) {
        return buckets.getOrDefault(stage, List.of());
    }

    private void begin(int stage, GradientBucket bucket) {
        if (!begun.add(bucket)) {
            return;
        }
        List<ByteBuffer> gradients = new ArrayList<>();
        for (GradientBucket.Piece piece : bucket.pieces()) {
            gradients.add(shard.gradient(piece.segment(), piece.parameter().name()));
        }
        underWay.add(thread.submit(() -> {
            guard.check();
            long start = System.nanoTime();
            storage.sum(bucket, gradients);
            long bytes = bucket.numElements() * plan.type().bytes();
            long sent = CommunicationEstimate.bytesSent(collective, bytes, group.size());
            return new Called(stage, start, System.nanoTime(), sent);
        }));
    }

    /** Returns when everything begun is summed; throws what its thread threw. */
    void await(Recorder recorder) {
        Map<Integer, Called> stages = new HashMap<>();
        for (Future<Called> one : underWay) {
            recorder.enter("all_reduce", "gradients");
            Called called = get(one);
            recorder.count("dp " + CommunicationEstimate.nameOf(collective), called.bytes());
            stages.merge(
                    called.stage(),
                    called,
                    (a, b) -> new Called(a.stage(), a.startNanos(), b.endNanos(), a.bytes() + b.bytes()));
        }
        for (Called stage : stages.values()) {
            String label = new Action.ReduceGradients(stage.stage()).toString();
            recorder.span(Span.Kind.DATA_SYNC, label, stage.startNanos(), stage.endNanos(), stage.bytes());
        }
        forget();
    }

    /** Ends what is under way, without a result, and waits until the group is no longer in use; nothing after {@link #await}. */
    void abandon() {
        guard.abandoning(() -> {
            for (Future<Called> one : underWay) {
                try {
                    get(one);
                } catch (RuntimeException | Error e) {
                    // Whoever abandons a step has a reason of its own, or met this one in await.
                    continue;
                }
            }
        });
        forget();
    }

    private void forget() {
        underWay.clear();
        begun.clear();
        complete.clear();
    }

    /** Waits on, whoever interrupts: waits of the other thread end by its own rules. */
    private static Called get(Future<Called> future) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof RuntimeException cause) {
                        throw cause;
                    }
                    if (e.getCause() instanceof Error cause) {
                        throw cause;
                    }
                    throw new CancellationException(String.valueOf(e.getCause()));
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Memory of small buckets on their way. */
    long bytesReserved() {
        return storage.bytesReserved();
    }

    @Override
    public void close() {
        abandon();
        thread.shutdown();
    }
}
