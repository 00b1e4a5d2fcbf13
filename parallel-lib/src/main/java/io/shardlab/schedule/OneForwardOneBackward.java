package io.shardlab.schedule;

import io.shardlab.plan.Action;
import io.shardlab.plan.Action.Compute;
import io.shardlab.plan.Pass;
import java.util.ArrayList;
import java.util.List;

/**
 * Backward as early as possible: rank i starts with p−i forwards, then alternates (PipeDream-Flush; Narayanan et al. 2021,
 * section 2.2.1).
 *
 * <p>Bubble (p−1)(F+B), as GPipe's, but rank i holds only min(M, p−i) micro-batches. On one rank it is the plain loop
 * F0 B0 F1 B1 ….
 */
public record OneForwardOneBackward() implements ScheduleRule {

    @Override
    public String name() {
        return "1f1b";
    }

    @Override
    public List<Action> actions(int rank, int numRanks, int numMicrobatches) {
        return alternating(rank, numRanks - rank, numMicrobatches);
    }

    /** Forwards until {@code inFlight} micro-batches are under way, then a forward for each backward. */
    static List<Action> alternating(int rank, int inFlight, int numMicrobatches) {
        List<Action> actions = new ArrayList<>();
        int forward = 0;
        for (int backward = 0; backward < numMicrobatches; backward++) {
            while (forward < Math.min(backward + inFlight, numMicrobatches)) {
                actions.add(new Compute(rank, Pass.FORWARD, forward++));
            }
            actions.add(new Compute(rank, Pass.BACKWARD, backward));
        }
        return actions;
    }
}
