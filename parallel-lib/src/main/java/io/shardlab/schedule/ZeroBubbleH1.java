package io.shardlab.schedule;

import io.shardlab.plan.Action;
import io.shardlab.plan.Action.Compute;
import io.shardlab.plan.Pass;
import java.util.ArrayList;
import java.util.List;

/**
 * 1F1B with backward passes cut in two: input gradients at once, since other ranks wait for them, weight gradients later,
 * where the rank would idle (ZB-H1, the handcrafted schedule of Qi et al. 2023, section 2).
 *
 * <p>Rank i puts weight gradients off by i micro-batches: what it holds of those and of its min(M, p−i) forwards under way
 * are together p micro-batches on every rank, no more than rank 0 of 1F1B holds. Bubble (p−1)(F+I−W), a third of 1F1B's where
 * F, I and W take equal times.
 */
public record ZeroBubbleH1() implements ScheduleRule {

    @Override
    public String name() {
        return "zb-h1";
    }

    @Override
    public List<Action> actions(int rank, int numRanks, int numMicrobatches) {
        if (numRanks == 1) {
            return new OneForwardOneBackward().actions(rank, numRanks, numMicrobatches);
        }
        List<Action> actions = new ArrayList<>();
        int inFlight = Math.min(numMicrobatches, numRanks - rank);
        int forward = 0;
        int weights = 0;
        for (int backward = 0; backward < numMicrobatches; backward++) {
            while (forward < Math.min(backward + inFlight, numMicrobatches)) {
                actions.add(new Compute(rank, Pass.FORWARD, forward++));
            }
            actions.add(new Compute(rank, Pass.BACKWARD_INPUT, backward));
            if (backward >= rank) {
                actions.add(new Compute(rank, Pass.BACKWARD_WEIGHT, weights++));
            }
        }
        while (weights < numMicrobatches) {
            actions.add(new Compute(rank, Pass.BACKWARD_WEIGHT, weights++));
        }
        return actions;
    }
}
