package io.shardlab.cost;

import io.shardlab.mesh.Mesh;
import io.shardlab.plan.Action;
import io.shardlab.plan.Replay;
import io.shardlab.plan.Schedule;
import io.shardlab.trace.Span;
import io.shardlab.trace.Timeline;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs a schedule on paper: the predicted timeline of one step.
 *
 * <p>Exact in integer time for the closed formulas: GPipe and 1F1B idle (p−1)(F+B) per rank; with stages of time t_i a
 * step of GPipe takes Σ t_i + (M−1) max t_i (Zheng et al. 2022, eq. 2), and so does 1F1B where the last stage is slowest;
 * elsewhere 1F1B is a little faster than that.
 */
public final class Simulator {

    private Simulator() {}

    /** One span per action and pipeline rank, from time 0. */
    public static Timeline simulate(Schedule schedule, StageCosts costs) {
        return simulate(schedule, costs, new Mesh(1, schedule.numRanks(), 1));
    }

    /** One span per action and rank of the mesh: ranks of one pipeline coordinate do the same at the same time. */
    public static Timeline simulate(Schedule schedule, StageCosts costs, Mesh mesh) {
        Replay replay = Replay.of(schedule, costs);
        if (!replay.complete()) {
            throw new IllegalArgumentException("schedule " + schedule.name() + " never ends; run ScheduleCheck on it");
        }
        List<Span> spans = new ArrayList<>();
        for (int rank = 0; rank < mesh.size(); rank++) {
            int pipelineRank = mesh.coordinates(rank).pipeline();
            List<Action> actions = schedule.actions().get(pipelineRank);
            for (int i = 0; i < actions.size(); i++) {
                Replay.Interval interval = replay.intervals().get(pipelineRank).get(i);
                Action action = actions.get(i);
                long bytes = action instanceof Action.Send ? costs.messageBytes() : 0;
                spans.add(
                        new Span(rank, 0, kindOf(action), action.toString(), interval.start(), interval.end(), bytes));
            }
        }
        return Timeline.of(true, mesh.size(), spans);
    }

    private static Span.Kind kindOf(Action action) {
        if (action instanceof Action.Compute compute) {
            return Span.kindOf(compute.pass());
        }
        if (action instanceof Action.Send) {
            return Span.Kind.SEND;
        }
        return action instanceof Action.Receive ? Span.Kind.RECEIVE : Span.Kind.DATA_SYNC;
    }
}
