package io.shardlab.trace;

import io.shardlab.mesh.Mesh;
import io.shardlab.plan.Action;
import io.shardlab.plan.Replay;
import io.shardlab.plan.Schedule;
import java.util.ArrayList;
import java.util.List;

/**
 * The time in which a rank runs no pass although a step is under way, by cause.
 *
 * <p>The schedule is replayed three times with more and more of the truth: with the mean pass times of all stages (what
 * idles then is fill and drain), with each stage's own mean (imbalance), with message latency; the timeline itself is the
 * fourth. A cause is what idle time grows by from one to the next. Where a truth makes a rank busier (the slowest stage
 * never waits for fill and drain as long as the average one), earlier causes are cut, so all causes are ≥ 0 and their sum
 * is the idle time.
 *
 * @param rank of the mesh
 * @param fillDrainNanos what the schedule costs on perfect stages
 * @param imbalanceNanos what unequal stages add
 * @param latencyNanos what messages under way add
 * @param stragglerNanos the rest: passes slower than their stage's mean, pauses, other work between passes
 */
public record Bubble(int rank, long fillDrainNanos, long imbalanceNanos, long latencyNanos, long stragglerNanos) {

    public long totalNanos() {
        return fillDrainNanos + imbalanceNanos + latencyNanos + stragglerNanos;
    }

    /** The bubbles of all ranks, summed over the steps of the timeline. Data-axis sums and the optimizer lie outside. */
    public static List<Bubble> of(Timeline timeline, Schedule schedule, Mesh mesh) {
        PassTimes measured = PassTimes.of(timeline, mesh);
        PassTimes withoutLatency = measured.withoutLatency();
        List<Replay> replays = List.of(
                Replay.of(schedule, withoutLatency.equalised()),
                Replay.of(schedule, withoutLatency),
                Replay.of(schedule, measured));
        int numSteps = timeline.steps().size();
        long window = timeline.passWindowNanos();
        List<Bubble> bubbles = new ArrayList<>();
        for (int rank = 0; rank < timeline.numRanks(); rank++) {
            int pipelineRank = mesh.coordinates(rank).pipeline();
            long[] idle = new long[replays.size() + 1];
            idle[replays.size()] = window - timeline.passNanos(rank);
            for (int i = replays.size() - 1; i >= 0; i--) {
                idle[i] = Math.min(numSteps * replays.get(i).idle(pipelineRank), idle[i + 1]);
            }
            bubbles.add(new Bubble(rank, idle[0], idle[1] - idle[0], idle[2] - idle[1], idle[3] - idle[2]));
        }
        return bubbles;
    }

    /** Whether a span's label is an action of a schedule. */
    static boolean isAction(String label) {
        return Action.NOTATION.matcher(label).matches();
    }
}
