package io.shardlab.cost;

import io.shardlab.mesh.Axis;
import io.shardlab.mesh.Coordinates;
import io.shardlab.plan.GradientBucket;
import io.shardlab.plan.OptimizerSlice;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongUnaryOperator;
import java.util.stream.Stream;

/**
 * The bytes that each rank of a plan will need while it trains, by the categories in which workers measure.
 *
 * <p>Weights, gradients and two Adam moments follow the local shapes: tensor and pipeline divide them, the data axis only the
 * moments, and only where the optimizer is split (ZeRO stage 1); replicated norms are not divided (the embedding and the
 * projection to the vocabulary are), a tied parameter counts once per rank that holds it, its gradient once per use. Activations are what the
 * stages save per micro-batch times the micro-batches in flight at the schedule's peak, so under 1F1B pipelining divides
 * the weights of rank 0 but hardly its activations. The quadratic attention term and the last stage's logits always count.
 *
 * @param ranks of the mesh, in order
 */
public record MemoryEstimate(List<MemoryUse> ranks) {

    /**
     * What a worker needs without a model.
     *
     * @param heapBytes of the JVM in use
     * @param otherBytes JVM and native libraries
     */
    public record Baseline(long heapBytes, long otherBytes) {
        /** As measured in workers on JDK 17; allocator slack included. */
        public static final Baseline TYPICAL = new Baseline(8L << 20, 190L << 20);
    }

    public MemoryEstimate {
        ranks = List.copyOf(ranks);
    }

    public static MemoryEstimate of(Plan plan) {
        return of(plan, Baseline.TYPICAL);
    }

    public static MemoryEstimate of(Plan plan, Baseline baseline) {
        List<MemoryUse> ranks = new ArrayList<>();
        for (int rank = 0; rank < plan.mesh().size(); rank++) {
            ranks.add(rankUse(plan, rank, baseline));
        }
        return new MemoryEstimate(ranks);
    }

    private static MemoryUse rankUse(Plan plan, int rank, Baseline baseline) {
        Coordinates at = plan.mesh().coordinates(rank);
        long weights = parameterBytes(plan, at);
        Map<MemoryCategory, Long> bytes = new EnumMap<>(MemoryCategory.class);
        bytes.put(MemoryCategory.WEIGHTS, weights);
        bytes.put(MemoryCategory.GRADIENTS, gradientBytes(plan, at));
        bytes.put(MemoryCategory.OPTIMIZER, 2 * optimizerBytes(plan, at));
        bytes.put(MemoryCategory.ACTIVATIONS, activationBytes(plan, at));
        bytes.put(MemoryCategory.COMMUNICATION, communicationBytes(plan, at));
        bytes.put(MemoryCategory.HEAP, baseline.heapBytes());
        bytes.put(MemoryCategory.OTHER, baseline.otherBytes());
        return new MemoryUse(rank, bytes);
    }

    private static long parameterBytes(Plan plan, Coordinates at) {
        return elements(plan, at, count -> count);
    }

    /** Each use of a parameter has a gradient of its own until the end of the step: a tied one that is used twice here, two. */
    private static long gradientBytes(Plan plan, Coordinates at) {
        return plan.type().bytes()
                * plan.stagesOf(at.pipeline()).stream()
                        .flatMap(stage -> stage.segments().stream())
                        .flatMap(segment -> segment.parameters().stream())
                        .mapToLong(
                                parameter -> parameter.localShape(at.tensor()).numElements())
                        .sum();
    }

    /** The parameters whose moments a rank keeps. */
    private static long optimizerBytes(Plan plan, Coordinates at) {
        int degree = plan.splitsOptimizer() ? plan.mesh().data() : 1;
        int index = plan.splitsOptimizer() ? at.data() : 0;
        return elements(
                plan, at, count -> OptimizerSlice.of(count, index, degree).length());
    }

    /** The bytes of what counts of each parameter's elements. */
    private static long elements(Plan plan, Coordinates at, LongUnaryOperator counted) {
        Set<String> seen = new HashSet<>();
        long elements = 0;
        for (Stage stage : plan.stagesOf(at.pipeline())) {
            for (ParameterSpec parameter : stage.parameters()) {
                if (seen.add(parameter.name())) {
                    elements += counted.applyAsLong(
                            parameter.localShape(at.tensor()).numElements());
                }
            }
        }
        return elements * plan.type().bytes();
    }

    /**
     * The peak of what stages save for micro-batches in flight, and what is alive besides while one goes back: the gradients of the
     * largest tensor, of what it came from and of what came of it.
     */
    private static long activationBytes(Plan plan, Coordinates at) {
        SegmentCost.Rows rows = SegmentCost.Rows.of(plan);
        boolean recompute = plan.options().recompute();
        long saved = plan.schedule()
                .peakOnRank(
                        at.pipeline(), stage -> savedElements(plan.stages().get(stage), at.tensor(), rows, recompute));
        long largest = plan.stagesOf(at.pipeline()).stream()
                .mapToLong(stage -> SegmentCost.of(stage, at.tensor(), rows).largestElements())
                .max()
                .orElse(0);
        long again = recompute ? largestRecomputed(plan, at, rows) : 0;
        return (saved + again + 3 * largest) * plan.type().bytes();
    }

    /**
     * What one micro-batch of a stage keeps: the insides of its segments unless they are computed again, its input, and every step's
     * output once. A COPY shares its input's storage; token ids are small and left out.
     */
    static long savedElements(Stage stage, int tensorIndex, SegmentCost.Rows rows, boolean recompute) {
        StageValues values = new StageValues(stage, tensorIndex, rows);
        long elements = values.elements(stage.input());
        for (Step step : stage.steps()) {
            boolean ownStorage = step instanceof Step.Local
                    || (step instanceof Step.Communicate communicate
                            && communicate.collective().communicates());
            if (ownStorage && !step.output().equals(Stage.LOSS)) {
                elements += values.elements(step.output());
            }
        }
        for (Step step : stage.steps()) {
            if (step instanceof Step.Local local
                    && !(recompute && local.segment().recomputable())) {
                elements += SegmentCost.of(local.segment(), tensorIndex, values.rows(step))
                        .savedElements();
            }
        }
        return elements;
    }

    /** What the segment that keeps most has inside while it is computed again: one at a time. */
    private static long largestRecomputed(Plan plan, Coordinates at, SegmentCost.Rows rows) {
        return plan.stagesOf(at.pipeline()).stream()
                .flatMap(stage -> stage.segments().stream())
                .filter(Segment::recomputable)
                .mapToLong(segment -> SegmentCost.of(segment, at.tensor(), rows).savedElements())
                .max()
                .orElse(0);
    }

    /**
     * Buffers of messages: one to send and one to receive for each pipeline neighbour, two for tensor collectives, and memory in
     * which small tensors are put together for the data axis.
     */
    private static long communicationBytes(Plan plan, Coordinates at) {
        SegmentCost.Rows rows = SegmentCost.Rows.of(plan);
        long message = rows.count() * rows.width() * plan.type().bytes();
        long boundary = CommunicationEstimate.widestBoundaryBytes(plan, at.tensor());
        int neighbours = 0;
        if (plan.options().chunks() > 1) {
            neighbours = 2; // the last rank passes on to the first
        } else if (plan.mesh().degree(Axis.PIPELINE) > 1) {
            neighbours += at.pipeline() > 0 ? 1 : 0;
            neighbours += at.pipeline() < plan.mesh().degree(Axis.PIPELINE) - 1 ? 1 : 0;
        }
        int collectives = plan.mesh().degree(Axis.TENSOR) > 1 ? 1 : 0;
        return 2L * (neighbours * boundary + collectives * message) + bucketBytes(plan, at);
    }

    private static long bucketBytes(Plan plan, Coordinates at) {
        if (plan.mesh().degree(Axis.DATA) == 1) {
            return 0;
        }
        List<Stage> stages = plan.stagesOf(at.pipeline());
        Stream<GradientBucket> buckets =
                stages.stream().flatMap(stage -> GradientBucket.ofGradients(plan, stage, at.tensor()).stream());
        if (plan.splitsOptimizer()) {
            buckets = Stream.concat(buckets, GradientBucket.ofWeights(plan, stages, at.tensor()).stream());
        }
        return buckets.filter(bucket -> bucket.pieces().size() > 1)
                .mapToLong(bucket -> CommunicationEstimate.bytesOf(plan, bucket))
                .sum();
    }
}
