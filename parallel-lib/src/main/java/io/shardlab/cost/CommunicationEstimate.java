package io.shardlab.cost;

import io.shardlab.mesh.Axis;
import io.shardlab.mesh.Coordinates;
import io.shardlab.plan.Action;
import io.shardlab.plan.Collective;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Pass;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.trace.Traffic;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What each rank of a plan sends in one training step, by collective and axis.
 *
 * <p>Bytes are those of the bandwidth-optimal algorithms on S bytes and n ranks: all-reduce 2(n−1)/n·S, gather, all-gather
 * and reduce-scatter (n−1)/n·S, send S (Chan et al. 2007). Left out: the
 * scalars of the gradient norm and of the loss, a few dozen bytes per parameter.
 *
 * @param traffic per rank, collective and axis; what never happens is absent
 */
public record CommunicationEstimate(List<Traffic> traffic) {

    /** The name of pipeline transfers, which are no collective. */
    public static final String SEND = "send";

    private record Key(String collective, Axis axis) {}

    private record Volume(long count, long bytes) {
        Volume plus(Volume other) {
            return new Volume(count + other.count, bytes + other.bytes);
        }
    }

    public CommunicationEstimate {
        traffic = List.copyOf(traffic);
    }

    public static CommunicationEstimate of(Plan plan) {
        List<Traffic> traffic = new ArrayList<>();
        for (int rank = 0; rank < plan.mesh().size(); rank++) {
            int sender = rank;
            rankVolumes(plan, plan.mesh().coordinates(rank))
                    .forEach((key, volume) -> traffic.add(
                            new Traffic(sender, key.collective(), key.axis(), volume.count(), volume.bytes())));
        }
        return new CommunicationEstimate(traffic);
    }

    /** The name of a collective in counts and files, for instance {@code all_reduce}. */
    public static String nameOf(Collective collective) {
        return collective.name().toLowerCase(Locale.ROOT);
    }

    /** What one rank sends for a collective on {@code bytes} over {@code degree} ranks. */
    public static long bytesSent(Collective collective, long bytes, int degree) {
        return switch (collective) {
            case COPY, SPLIT -> 0;
            case ALL_REDUCE -> 2 * (degree - 1) * bytes / degree;
            case GATHER, ALL_GATHER, REDUCE_SCATTER -> (degree - 1) * bytes / degree;
        };
    }

    /** The bytes of a value of one micro-batch. */
    static long valueBytes(Plan plan, Stage stage, String value) {
        return plan.valueShape(stage, value).numElements() * plan.type().bytes();
    }

    /** The bytes of what a stage passes on for one micro-batch; of the last stage's, what it would. */
    static long boundaryBytes(Plan plan, int stage) {
        return plan.boundaryShape(stage).numElements() * plan.type().bytes();
    }

    private static Map<Key, Volume> rankVolumes(Plan plan, Coordinates at) {
        Map<Key, Volume> volumes = new LinkedHashMap<>();
        for (Stage stage : plan.stagesOf(at.pipeline())) {
            for (Step step : stage.steps()) {
                if (step instanceof Step.Communicate communicate) {
                    long value = valueBytes(plan, stage, communicate.input());
                    long times = plan.schedule().numMicrobatches();
                    add(volumes, plan, communicate.axis(), communicate.collective(), times, value);
                    add(
                            volumes,
                            plan,
                            communicate.axis(),
                            communicate.collective().adjoint(),
                            times,
                            value);
                }
            }
        }
        for (Action action : plan.schedule().actions().get(at.pipeline())) {
            if (action instanceof Action.Send send) {
                long value = boundaryBytes(plan, send.pass() == Pass.FORWARD ? send.stage() : send.stage() - 1);
                volumes.merge(new Key(SEND, Axis.PIPELINE), new Volume(1, value), Volume::plus);
            } else if (action instanceof Action.ReduceGradients) {
                long bytes = stageBytes(plan, plan.stages().get(action.stage()), at.tensor());
                add(volumes, plan, Axis.DATA, Collective.ALL_REDUCE, 1, bytes);
            }
        }
        addTied(volumes, plan, at);
        return volumes;
    }

    private static void add(
            Map<Key, Volume> volumes, Plan plan, Axis axis, Collective collective, long times, long bytes) {
        int degree = plan.mesh().degree(axis);
        if (collective.communicates() && degree > 1) {
            Volume volume = new Volume(times, times * bytesSent(collective, bytes, degree));
            volumes.merge(new Key(nameOf(collective), axis), volume, Volume::plus);
        }
    }

    /** A parameter on several pipeline ranks (tied embedding and head) has its gradient summed over its holders. */
    private static void addTied(Map<Key, Volume> volumes, Plan plan, Coordinates at) {
        for (ParameterSpec parameter : plan.parameters()) {
            List<Integer> holders = plan.holders(parameter.name());
            if (holders.size() > 1 && holders.contains(at.pipeline())) {
                long bytes = parameter.localShape(at.tensor()).numElements()
                        * plan.type().bytes();
                Volume volume = new Volume(1, bytesSent(Collective.ALL_REDUCE, bytes, holders.size()));
                volumes.merge(new Key(nameOf(Collective.ALL_REDUCE), Axis.PIPELINE), volume, Volume::plus);
            }
        }
    }

    static long stageBytes(Plan plan, Stage stage, int tensorIndex) {
        return stage.parameters().stream()
                        .mapToLong(
                                parameter -> parameter.localShape(tensorIndex).numElements())
                        .sum()
                * plan.type().bytes();
    }
}
