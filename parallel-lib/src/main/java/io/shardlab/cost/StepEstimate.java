package io.shardlab.cost;

import io.shardlab.mesh.Axis;
import io.shardlab.plan.Action;
import io.shardlab.plan.Collective;
import io.shardlab.plan.GradientBucket;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.trace.Bubble;
import io.shardlab.trace.Span;
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

    /** What the collectives of one pass of a stage take. */
    private record Wire(long forward, long backward) {}

    public static StepEstimate of(Plan plan, Hardware hardware) {
        List<StageCosts.PassNanos> passes = new ArrayList<>();
        List<Wire> wires = new ArrayList<>();
        long sumNanos = 0;
        double tensorNanos = 0;
        for (Stage stage : plan.stages()) {
            Wire wire = new Wire(wireNanos(plan, stage, hardware, false), wireNanos(plan, stage, hardware, true));
            wires.add(wire);
            long forward = hardware.computeNanos(slowestFlops(plan, stage));
            long again = plan.options().recompute() ? hardware.computeNanos(recomputedFlops(plan, stage)) : 0;
            passes.add(new StageCosts.PassNanos(forward + wire.forward(), forward + again + wire.backward(), forward));
            tensorNanos += (double) (wire.forward() + wire.backward())
                    * plan.schedule().numMicrobatches();
            sumNanos = Math.max(sumNanos, dataSumNanos(plan, stage, hardware));
        }
        long message = CommunicationEstimate.widestBoundaryBytes(plan, 0);
        StageCosts costs = new StageCosts(passes, hardware.messageNanos(message), sumNanos, message);
        Timeline timeline = Simulator.simulate(plan.schedule(), costs, plan.mesh());
        return of(
                plan,
                withCollectives(timeline, wires),
                tensorNanos / plan.mesh().pipeline());
    }

    /** Draws the collectives of each pass as one span at its end. */
    private static Timeline withCollectives(Timeline timeline, List<Wire> wires) {
        List<Span> spans = new ArrayList<>(timeline.spans());
        for (Span span : timeline.spans()) {
            if (Action.parse(span.label()) instanceof Action.Compute compute) {
                Wire wire = wires.get(compute.stage());
                long nanos =
                        switch (compute.pass()) {
                            case FORWARD -> wire.forward();
                            case BACKWARD, BACKWARD_INPUT -> wire.backward();
                            case BACKWARD_WEIGHT -> 0;
                        };
                if (nanos > 0) {
                    spans.add(new Span(
                            span.rank(),
                            span.step(),
                            Span.Kind.COLLECTIVE,
                            "collectives of " + span.label(),
                            span.endNanos() - nanos,
                            span.endNanos(),
                            0));
                }
            }
        }
        return Timeline.of(true, timeline.numRanks(), spans);
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

    /** Of the segments that are computed again before they go back. */
    private static double recomputedFlops(Plan plan, Stage stage) {
        double slowest = 0;
        for (int index = 0; index < plan.mesh().tensor(); index++) {
            double flops = 0;
            for (Segment segment : stage.segments()) {
                if (segment.recomputable()) {
                    flops += SegmentCost.of(segment, index, SegmentCost.Rows.of(plan))
                            .forwardFlops();
                }
            }
            slowest = Math.max(slowest, flops);
        }
        return slowest;
    }

    /** The collectives of one pass; see {@link Hardware#collectiveNanos}. */
    private static long wireNanos(Plan plan, Stage stage, Hardware hardware, boolean backward) {
        long nanos = 0;
        for (Step step : stage.steps()) {
            if (step instanceof Step.Communicate communicate) {
                int degree = plan.mesh().degree(communicate.axis());
                Collective collective = backward ? communicate.collective().adjoint() : communicate.collective();
                if (degree > 1 && collective.communicates()) {
                    nanos += hardware.collectiveNanos(CommunicationEstimate.bytesSent(
                            collective, CommunicationEstimate.valueBytes(plan, communicate), degree));
                }
            }
        }
        return nanos;
    }

    /** The sum of a stage's gradients; with a split optimizer also the gathering of its weights, which follows the update. */
    private static long dataSumNanos(Plan plan, Stage stage, Hardware hardware) {
        int degree = plan.mesh().degree(Axis.DATA);
        boolean summed = plan.schedule().actions().stream()
                .anyMatch(actions -> actions.contains(new Action.ReduceGradients(stage.index())));
        if (degree == 1 || !summed) {
            return 0;
        }
        long nanos = 0;
        for (GradientBucket bucket : GradientBucket.ofGradients(plan, stage, 0)) {
            long bytes = CommunicationEstimate.bytesOf(plan, bucket);
            nanos += hardware.collectiveNanos(CommunicationEstimate.bytesSent(bucket.sum(), bytes, degree));
            if (plan.splitsOptimizer()) {
                nanos +=
                        hardware.collectiveNanos(CommunicationEstimate.bytesSent(Collective.ALL_GATHER, bytes, degree));
            }
        }
        return nanos;
    }
}
