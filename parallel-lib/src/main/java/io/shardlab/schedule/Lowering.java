package io.shardlab.schedule;

import io.shardlab.plan.Action;
import io.shardlab.plan.Pass;
import io.shardlab.plan.Schedule;
import java.util.ArrayList;
import java.util.List;

/** The way from an order of passes to a full schedule: receive directly before use, send directly after production. */
public final class Lowering {

    private Lowering() {}

    /**
     * Adds transfers between stages on different ranks and, where there is a data axis, the gradient sums at the end.
     *
     * @param computeOnly passes only
     * @param dataDegree degree of the data axis; above 1 every rank ends with REDUCE_GRAD of each of its stages
     */
    public static Schedule lower(Schedule computeOnly, int dataDegree) {
        List<List<Action>> lowered = new ArrayList<>();
        for (int rank = 0; rank < computeOnly.numRanks(); rank++) {
            List<Action> actions = new ArrayList<>();
            for (Action action : computeOnly.actions().get(rank)) {
                if (!(action instanceof Action.Compute compute)) {
                    throw new IllegalArgumentException("rank " + rank + " of schedule " + computeOnly.name() + " has "
                            + action + ": lowering takes passes only, it adds transfers itself");
                }
                addWithTransfers(computeOnly, compute, actions);
            }
            for (int stage = rank; dataDegree > 1 && stage < computeOnly.numStages(); stage += computeOnly.numRanks()) {
                actions.add(new Action.ReduceGradients(stage));
            }
            lowered.add(actions);
        }
        return new Schedule(computeOnly.name(), computeOnly.numStages(), computeOnly.numMicrobatches(), lowered);
    }

    private static void addWithTransfers(Schedule schedule, Action.Compute compute, List<Action> actions) {
        int stage = compute.stage();
        boolean forward = compute.pass() == Pass.FORWARD;
        if (compute.pass() == Pass.BACKWARD_WEIGHT) {
            actions.add(compute);
            return;
        }
        Pass carried = forward ? Pass.FORWARD : Pass.BACKWARD;
        if (crosses(schedule, stage, forward ? stage - 1 : stage + 1)) {
            actions.add(new Action.Receive(stage, carried, compute.microbatch()));
        }
        actions.add(compute);
        if (crosses(schedule, stage, forward ? stage + 1 : stage - 1)) {
            actions.add(new Action.Send(stage, carried, compute.microbatch()));
        }
    }

    /** Whether two stages are neighbours in the model that live on different ranks. */
    static boolean crosses(Schedule schedule, int stage, int neighbour) {
        return neighbour >= 0
                && neighbour < schedule.numStages()
                && schedule.rankOf(stage) != schedule.rankOf(neighbour);
    }
}
