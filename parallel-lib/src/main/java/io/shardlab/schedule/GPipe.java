package io.shardlab.schedule;

import io.shardlab.plan.Action;
import io.shardlab.plan.Action.Compute;
import io.shardlab.plan.Pass;
import java.util.ArrayList;
import java.util.List;

/**
 * All micro-batches forward, then all backward (Huang et al. 2019, section 2.3).
 *
 * <p>Bubble (p−1)(F+B); every stage holds M micro-batches. The backward passes run in forward order, not reversed as in
 * the paper: same time, and gradients are summed in the order of every other schedule.
 */
public record GPipe() implements ScheduleRule {

    @Override
    public String name() {
        return "gpipe";
    }

    @Override
    public List<Action> actions(int rank, int numRanks, int numMicrobatches) {
        if (numRanks == 1) {
            return new OneForwardOneBackward().actions(rank, numRanks, numMicrobatches);
        }
        List<Action> actions = new ArrayList<>();
        for (int i = 0; i < numMicrobatches; i++) {
            actions.add(new Compute(rank, Pass.FORWARD, i));
        }
        for (int i = 0; i < numMicrobatches; i++) {
            actions.add(new Compute(rank, Pass.BACKWARD, i));
        }
        return actions;
    }
}
