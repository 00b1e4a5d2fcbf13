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
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Sums a rank's gradients over the data axis, bucket by bucket, while the backward pass goes on (Li et al. 2020, "PyTorch
 * Distributed: Experiences on Accelerating Data Parallel Training", section 3.2).
 *
 * <p>Owned by the rank's thread, which says what is complete. All data ranks complete segments in the same order, and so do
 * the tensor ranks of each; so started calls of both axes stand in one order everywhere.
 */
final class GradientSum {

    private record Use(String segment, String parameter) {}

    private final Shard shard;
    private final int numRanks;
    private final Map<Integer, List<BucketCall>> calls = new TreeMap<>();

    private final Set<Use> complete = new HashSet<>();
    private final Set<BucketCall> started = new LinkedHashSet<>();

    GradientSum(PlacedPlan placed, Communicator group) {
        shard = placed.shard();
        numRanks = group.size();
        Plan plan = placed.plan();
        for (Stage stage : plan.stagesOf(placed.at().pipeline())) {
            List<BucketCall> own = new ArrayList<>();
            for (GradientBucket bucket :
                    GradientBucket.ofGradients(plan, stage, placed.at().tensor())) {
                own.add(new BucketCall(group, plan.type(), bucket));
            }
            calls.put(stage.index(), own);
        }
    }

    /** Says that a segment has added its last gradients of this step. */
    void complete(int stage, Segment segment) {
        segment.parameters().forEach(parameter -> complete.add(new Use(segment.name(), parameter.name())));
        for (BucketCall call : callsOf(stage)) {
            boolean ready = !started.contains(call)
                    && call.bucket().pieces().stream()
                            .allMatch(piece -> complete.contains(
                                    new Use(piece.segment(), piece.parameter().name())));
            if (ready && Overlap.WANTED) {
                start(call);
            }
        }
    }

    /** Says that all gradients of a stage are final. */
    void finish(int stage) {
        callsOf(stage).stream().filter(call -> !started.contains(call)).forEach(this::start);
    }

    private List<BucketCall> callsOf(int stage) {
        return calls.getOrDefault(stage, List.of());
    }

    private void start(BucketCall call) {
        List<ByteBuffer> gradients = new ArrayList<>();
        for (GradientBucket.Piece piece : call.bucket().pieces()) {
            gradients.add(shard.gradient(piece.segment(), piece.parameter().name()));
        }
        started.add(call);
        call.startSum(gradients);
    }

    /** Returns when everything started is summed; a span tells how long a stage's sums kept the rank waiting. */
    void await(Recorder recorder) {
        calls.forEach((stage, own) -> {
            String label = new Action.ReduceGradients(stage).toString();
            long start = System.nanoTime();
            long sent = 0;
            for (BucketCall call : own) {
                if (started.contains(call)) {
                    Collective sum = call.bucket().sum();
                    recorder.enter(CommunicationEstimate.nameOf(sum), label);
                    call.awaitSum();
                    sent += CommunicationEstimate.bytesSent(sum, call.numBytes(), numRanks);
                }
            }
            if (sent > 0) {
                recorder.span(Span.Kind.DATA_SYNC, label, start, sent);
            }
        });
        forget();
    }

    /** Begins anew; whatever was started is over or abandoned. */
    void forget() {
        started.clear();
        complete.clear();
    }

    /** Bytes in which small gradients are put together. */
    long bytesReserved() {
        return calls.values().stream()
                .flatMap(List::stream)
                .mapToLong(BucketCall::bytesReserved)
                .sum();
    }
}
