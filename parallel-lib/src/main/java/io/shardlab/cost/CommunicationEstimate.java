package io.shardlab.cost;

import io.shardlab.mesh.Axis;
import io.shardlab.mesh.Coordinates;
import io.shardlab.plan.Action;
import io.shardlab.plan.Collective;
import io.shardlab.plan.GradientBucket;
import io.shardlab.plan.OptimizerSlice;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Pass;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.trace.Phase;
import io.shardlab.trace.PhaseTraffic;
import io.shardlab.trace.Traffic;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What each rank of a plan sends in one training step, by collective and axis.
 *
 * <p>Bytes are those of the bandwidth-optimal algorithms on S bytes and n ranks: all-reduce 2(n−1)/n·S, gather, all-gather
 * and reduce-scatter (n−1)/n·S, send S (Chan et al. 2007). Gradients are summed over the data axis in the buckets of {@link
 * GradientBucket}, each use of a parameter apart; a split optimizer takes reduce-scatter and all-gather for that all-reduce,
 * the same volume. The gradient norms and the loss, on which ranks agree at the end of a step, are counted in {@code phases}
 * only.
 *
 * @param traffic per rank, collective and axis; what never happens is absent
 * @param phases the same by phase, and the agreement of all ranks on a step
 */
public record CommunicationEstimate(List<Traffic> traffic, List<PhaseTraffic> phases) {

    /** The name of pipeline transfers, which are no collective. */
    public static final String SEND = "send";

    private record Key(Phase phase, String collective, Axis axis) {}

    private record Volume(long count, long bytes) {
        Volume plus(Volume other) {
            return new Volume(count + other.count, bytes + other.bytes);
        }
    }

    public CommunicationEstimate {
        traffic = List.copyOf(traffic);
        phases = List.copyOf(phases);
    }

    public static CommunicationEstimate of(Plan plan) {
        List<Traffic> traffic = new ArrayList<>();
        List<PhaseTraffic> phases = new ArrayList<>();
        Map<ParameterSpec, List<Integer>> tied = tied(plan);
        for (int rank = 0; rank < plan.mesh().size(); rank++) {
            int sender = rank;
            Map<Key, Volume> volumes = rankVolumes(plan, plan.mesh().coordinates(rank), tied);
            Map<Key, Volume> sums = new LinkedHashMap<>();
            volumes.forEach((key, volume) ->
                    sums.merge(new Key(Phase.COMMIT, key.collective(), key.axis()), volume, Volume::plus));
            sums.forEach((key, volume) ->
                    traffic.add(new Traffic(sender, key.collective(), key.axis(), volume.count(), volume.bytes())));
            if (plan.splitsOptimizer()) {
                volumes.merge(
                        new Key(Phase.GRADIENT_SYNC, nameOf(Collective.ALL_REDUCE), Axis.DATA),
                        sharedNorms(plan, plan.mesh().coordinates(rank)),
                        Volume::plus);
            }
            volumes.forEach((key, volume) ->
                    phases.add(of(sender, key.phase(), key.axis().shortName(), key.collective(), volume)));
            if (plan.mesh().size() > 1) {
                phases.add(of(sender, Phase.COMMIT, "mesh", nameOf(Collective.ALL_REDUCE), agreement(plan)));
            }
        }
        return new CommunicationEstimate(traffic, phases);
    }

    private static PhaseTraffic of(int rank, Phase phase, String axis, String collective, Volume volume) {
        return new PhaseTraffic(rank, phase, axis, collective, volume.count(), volume.bytes());
    }

    /** Where a data rank has the sums of its own elements only, all put norms together from those of blocks: one float64 each. */
    private static Volume sharedNorms(Plan plan, Coordinates at) {
        long blocks = plan.stagesOf(at.pipeline()).stream()
                .flatMap(stage -> stage.parameters().stream())
                .distinct()
                .filter(parameter -> !parameter.sharesRows())
                .mapToLong(parameter -> OptimizerSlice.numBlocks(
                        parameter.localShape(at.tensor()).numElements()))
                .sum();
        return new Volume(
                1,
                bytesSent(
                        Collective.ALL_REDUCE,
                        blocks * Double.BYTES,
                        plan.mesh().data()));
    }

    /** A squared norm per parameter, the loss, and whether anyone stops: one float64 each. */
    private static Volume agreement(Plan plan) {
        long bytes = (plan.parameters().size() + 2L) * Double.BYTES;
        return new Volume(1, bytesSent(Collective.ALL_REDUCE, bytes, plan.mesh().size()));
    }

    /** The name of a collective in counts and files, for instance {@code all_reduce}; every gather is one to all. */
    public static String nameOf(Collective collective) {
        return (collective == Collective.GATHER ? Collective.ALL_GATHER : collective)
                .name()
                .toLowerCase(Locale.ROOT);
    }

    /** What one rank sends for a collective on {@code bytes} over {@code degree} ranks. */
    public static long bytesSent(Collective collective, long bytes, int degree) {
        return switch (collective) {
            case COPY, SPLIT -> 0;
            case ALL_REDUCE -> 2 * (degree - 1) * bytes / degree;
            case GATHER, ALL_GATHER, REDUCE_SCATTER -> (degree - 1) * bytes / degree;
        };
    }

    /** The bytes of the whole value of a collective for one micro-batch. */
    static long valueBytes(Plan plan, Step.Communicate communicate) {
        return SegmentCost.Rows.of(plan).count()
                * communicate.width()
                * plan.type().bytes();
    }

    /** The bytes of what a tensor rank of a stage passes to the next one for one micro-batch. */
    static long boundaryBytes(Plan plan, int stage, int tensorIndex) {
        SegmentCost.Rows rows = SegmentCost.Rows.of(plan);
        return plan.boundaryShape(stage, TensorShape.of(rows.batch(), rows.sequence()), tensorIndex)
                        .numElements()
                * plan.type().bytes();
    }

    /** Of the widest boundary, which stands for all where one number has to: they are equal in a decoder. */
    static long widestBoundaryBytes(Plan plan, int tensorIndex) {
        return IntStream.range(0, plan.stages().size() - 1)
                .mapToLong(stage -> boundaryBytes(plan, stage, tensorIndex))
                .max()
                .orElse(0);
    }

    /** The bytes of the gradients of which each tensor rank finds a summand, and which are added up once per step. */
    private static long partialGradientBytes(Plan plan, Coordinates at) {
        return plan.stagesOf(at.pipeline()).stream()
                        .flatMap(stage -> stage.parameters().stream())
                        .distinct()
                        .filter(ParameterSpec::partialGradient)
                        .mapToLong(CommunicationEstimate::sharedElements)
                        .sum()
                * plan.type().bytes();
    }

    private static long sharedElements(ParameterSpec parameter) {
        long elements = parameter.shape().numElements();
        if (!(parameter.placement() instanceof Placement.Split split)) {
            return elements;
        }
        long shared = split.sharedExtents().stream().mapToLong(Extent::length).sum();
        return shared * (elements / parameter.shape().dim(split.dim()));
    }

    private static Map<Key, Volume> rankVolumes(Plan plan, Coordinates at, Map<ParameterSpec, List<Integer>> tied) {
        Map<Key, Volume> volumes = new LinkedHashMap<>();
        for (Stage stage : plan.stagesOf(at.pipeline())) {
            for (Step step : stage.steps()) {
                if (step instanceof Step.Communicate communicate) {
                    long times = plan.schedule().numMicrobatches();
                    Collective there = communicate.collective();
                    long value = valueBytes(plan, communicate);
                    add(volumes, plan, Phase.FORWARD, communicate.axis(), there, times, value);
                    add(volumes, plan, Phase.BACKWARD, communicate.axis(), there.adjoint(), times, value);
                }
            }
        }
        for (Action action : plan.schedule().actions().get(at.pipeline())) {
            if (action instanceof Action.Send send) {
                boolean forward = send.pass() == Pass.FORWARD;
                Phase phase = forward ? Phase.FORWARD : Phase.BACKWARD;
                int boundary = forward ? send.stage() : send.stage() - 1;
                Volume volume = new Volume(1, boundaryBytes(plan, boundary, at.tensor()));
                volumes.merge(new Key(phase, SEND, Axis.PIPELINE), volume, Volume::plus);
            } else if (action instanceof Action.ReduceGradients) {
                Stage stage = plan.stages().get(action.stage());
                for (GradientBucket bucket : GradientBucket.ofGradients(plan, stage, at.tensor())) {
                    add(volumes, plan, Phase.GRADIENT_SYNC, Axis.DATA, bucket.sum(), 1, bytesOf(plan, bucket));
                }
            }
        }
        if (plan.splitsOptimizer()) {
            for (GradientBucket bucket : GradientBucket.ofWeights(plan, plan.stagesOf(at.pipeline()), at.tensor())) {
                add(volumes, plan, Phase.COMMIT, Axis.DATA, Collective.ALL_GATHER, 1, bytesOf(plan, bucket));
            }
        }
        long partial = partialGradientBytes(plan, at);
        if (partial > 0) {
            add(volumes, plan, Phase.GRADIENT_SYNC, Axis.TENSOR, Collective.ALL_REDUCE, 1, partial);
        }
        addTied(volumes, plan, at, tied);
        return volumes;
    }

    static long bytesOf(Plan plan, GradientBucket bucket) {
        return bucket.numElements() * plan.type().bytes();
    }

    private static void add(
            Map<Key, Volume> volumes,
            Plan plan,
            Phase phase,
            Axis axis,
            Collective collective,
            long times,
            long bytes) {
        int degree = plan.mesh().degree(axis);
        if (collective.communicates() && degree > 1) {
            Volume volume = new Volume(times, times * bytesSent(collective, bytes, degree));
            volumes.merge(new Key(phase, nameOf(collective), axis), volume, Volume::plus);
        }
    }

    /** The parameters that several pipeline ranks hold (tied embedding and head), with those ranks. */
    private static Map<ParameterSpec, List<Integer>> tied(Plan plan) {
        Map<ParameterSpec, List<Integer>> tied = new LinkedHashMap<>();
        for (ParameterSpec parameter : plan.parameters()) {
            List<Integer> holders = plan.holders(parameter.name());
            if (holders.size() > 1) {
                tied.put(parameter, holders);
            }
        }
        return tied;
    }

    /** The gradient of a parameter on several pipeline ranks is summed over its holders. */
    private static void addTied(
            Map<Key, Volume> volumes, Plan plan, Coordinates at, Map<ParameterSpec, List<Integer>> tied) {
        tied.forEach((parameter, holders) -> {
            if (holders.contains(at.pipeline())) {
                long elements = parameter.localShape(at.tensor()).numElements();
                if (plan.splitsOptimizer()) {
                    elements = OptimizerSlice.of(
                                    elements, at.data(), plan.mesh().data())
                            .length();
                }
                long bytes = elements * plan.type().bytes();
                Volume volume = new Volume(1, bytesSent(Collective.ALL_REDUCE, bytes, holders.size()));
                volumes.merge(
                        new Key(Phase.GRADIENT_SYNC, nameOf(Collective.ALL_REDUCE), Axis.PIPELINE),
                        volume,
                        Volume::plus);
            }
        });
    }
}
