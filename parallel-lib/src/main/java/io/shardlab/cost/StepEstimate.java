package io.shardlab.cost;

import io.shardlab.mesh.Axis;
import io.shardlab.plan.Action;
import io.shardlab.plan.Collective;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.trace.Bubble;
import io.shardlab.trace.TimeTerm;
import io.shardlab.trace.Timeline;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * How long one training step of a plan will take, and why.
 *
 * <p>The terms are means over the ranks and add up to the step; absent terms do not occur in the plan. The optimizer's
 * own arithmetic is left out. A pass of a stage takes as long as its slowest tensor rank.
 *
 * @param stepMillis of one step
 * @param tokensPerSecond of all ranks together
 * @param bubbleShare of the passes' window, see {@link Timeline#bubbleShare}
 * @param termMillis what the step consists of
 * @param timeline the predicted step
 */
public record StepEstimate(
        double stepMillis,
        double tokensPerSecond,
        double bubbleShare,
        Map<TimeTerm, Double> termMillis,
        Timeline timeline) {

    public static StepEstimate of(Plan plan, Hardware hardware) {
        List<StageCosts.PassNanos> passes = new ArrayList<>();
        long sumNanos = 0;
        double tensorNanos = 0;
        for (Stage stage : plan.stages()) {
            long forwardWire = wireNanos(plan, stage, hardware, false);
            long backwardWire = wireNanos(plan, stage, hardware, true);
            long forward = hardware.computeNanos(slowestFlops(plan, stage));
            passes.add(new StageCosts.PassNanos(forward + forwardWire, forward + backwardWire, forward));
            tensorNanos +=
                    (double) (forwardWire + backwardWire) * plan.schedule().numMicrobatches();
            sumNanos = Math.max(sumNanos, dataSumNanos(plan, stage, hardware));
        }
        long message = CommunicationEstimate.valueBytes(plan);
        StageCosts costs = new StageCosts(passes, hardware.messageNanos(message), sumNanos, message);
        Timeline timeline = Simulator.simulate(plan.schedule(), costs, plan.mesh());
        return of(plan, timeline, tensorNanos / plan.mesh().pipeline());
    }

    private static StepEstimate of(Plan plan, Timeline timeline, double tensorNanos) {
        Map<TimeTerm, Double> millis = new EnumMap<>(TimeTerm.class);
        List<Bubble> bubbles = Bubble.of(timeline, plan.schedule(), plan.mesh());
        double passes = 0;
        for (int rank = 0; rank < timeline.numRanks(); rank++) {
            passes += (double) timeline.passNanos(rank) / timeline.numRanks();
        }
        millis.put(TimeTerm.COMPUTE, (passes - tensorNanos) / 1e6);
        if (plan.mesh().degree(Axis.TENSOR) > 1) {
            millis.put(TimeTerm.TENSOR_COMMUNICATION, tensorNanos / 1e6);
        }
        if (plan.mesh().degree(Axis.PIPELINE) > 1) {
            millis.put(TimeTerm.BUBBLE, meanMillis(bubbles, Bubble::fillDrainNanos));
            millis.put(TimeTerm.IMBALANCE, meanMillis(bubbles, Bubble::imbalanceNanos));
            millis.put(
                    TimeTerm.LATENCY, meanMillis(bubbles, bubble -> bubble.latencyNanos() + bubble.stragglerNanos()));
        }
        double step = timeline.makespanNanos() / 1e6;
        if (plan.mesh().degree(Axis.DATA) > 1) {
            millis.put(TimeTerm.DATA_SYNC, (timeline.makespanNanos() - timeline.passWindowNanos()) / 1e6);
        }
        double tokensPerSecond = plan.workload().tokens() / step * 1e3;
        return new StepEstimate(step, tokensPerSecond, timeline.bubbleShare(), millis, timeline);
    }

    private static double meanMillis(List<Bubble> bubbles, ToLongFunction<Bubble> part) {
        return bubbles.stream().mapToLong(part).average().orElse(0) / 1e6;
    }

    private static double slowestFlops(Plan plan, Stage stage) {
        double slowest = 0;
        for (int index = 0; index < plan.mesh().tensor(); index++) {
            slowest = Math.max(
                    slowest,
                    SegmentCost.of(stage, index, SegmentCost.Rows.of(plan)).forwardFlops());
        }
        return slowest;
    }

    /** The collectives of one pass; one latency per call, as Alpa's model has it. */
    private static long wireNanos(Plan plan, Stage stage, Hardware hardware, boolean backward) {
        long nanos = 0;
        for (Step step : stage.steps()) {
            if (step instanceof Step.Communicate communicate) {
                int degree = plan.mesh().degree(communicate.axis());
                Collective collective = backward ? communicate.collective().adjoint() : communicate.collective();
                if (degree > 1 && collective.communicates()) {
                    nanos += hardware.messageNanos(CommunicationEstimate.bytesSent(
                            collective, CommunicationEstimate.valueBytes(plan), degree));
                }
            }
        }
        return nanos;
    }

    private static long dataSumNanos(Plan plan, Stage stage, Hardware hardware) {
        int degree = plan.mesh().degree(Axis.DATA);
        boolean summed = plan.schedule().actions().stream()
                .anyMatch(actions -> actions.contains(new Action.ReduceGradients(stage.index())));
        if (degree == 1 || !summed) {
            return 0;
        }
        return hardware.messageNanos(CommunicationEstimate.bytesSent(
                Collective.ALL_REDUCE, CommunicationEstimate.stageBytes(plan, stage, 0), degree));
    }
}
