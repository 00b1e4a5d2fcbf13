package io.shardlab.parity;

import io.shardlab.plan.Action;
import io.shardlab.plan.Collective;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Schedule;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;

/** Plans with one mistake, to see that a check finds it. */
public final class BrokenPlan {

    private BrokenPlan() {}

    /**
     * Leaves out the {@code index}-th collective of a kind: ALL_REDUCE breaks the forward pass, COPY only the backward. Where rows
     * are split, only the sum is left out: of REDUCE_SCATTER going forward, of ALL_GATHER going back.
     */
    public static Plan without(Plan plan, Collective collective, int index) {
        int[] seen = {0};
        Plan broken = mapSteps(plan, step -> {
            if (step instanceof Step.Communicate communicate
                    && communicate.collective() == collective
                    && seen[0]++ == index) {
                return withoutSum(communicate);
            }
            return step;
        });
        if (seen[0] <= index) {
            throw new IllegalArgumentException(
                    plan.scheme() + " has no collective " + collective + " number " + index + " to leave out");
        }
        return broken;
    }

    private static Step withoutSum(Step.Communicate step) {
        return switch (step.collective()) {
            case REDUCE_SCATTER -> with(step, Collective.SPLIT);
            case ALL_GATHER -> with(step, Collective.GATHER);
            case ALL_REDUCE, COPY -> new Step.Rename(step.input(), step.output());
            case GATHER, SPLIT -> throw new IllegalArgumentException(
                    step.collective() + " of '" + step.input() + "' sums nothing that could be left out");
        };
    }

    private static Step with(Step.Communicate step, Collective collective) {
        return new Step.Communicate(collective, step.axis(), step.input(), step.output(), step.width(), step.parts());
    }

    /** Leaves every tensor rank with its own summand of a parameter's gradient. */
    public static Plan withoutGradientSum(Plan plan, String parameterName) {
        boolean[] found = {false};
        Plan broken = mapParameters(plan, parameter -> {
            if (!parameter.name().equals(parameterName) || !parameter.partialGradient()) {
                return parameter;
            }
            found[0] = true;
            return parameter.withPartialGradient(false);
        });
        if (!found[0]) {
            throw new IllegalArgumentException(
                    plan.scheme() + " finds the gradient of '" + parameterName + "' whole, so no sum can be left out");
        }
        return broken;
    }

    /** Leaves out the sums of gradients over the data axis: every data rank trains on its own part of the batch. */
    public static Plan withoutDataSum(Plan plan) {
        if (plan.scheme().data() == 1) {
            throw new IllegalArgumentException(plan.scheme() + " has no sum over data ranks to leave out");
        }
        Schedule schedule = plan.schedule();
        List<List<Action>> actions = schedule.actions().stream()
                .map(rank -> rank.stream()
                        .filter(action -> !(action instanceof Action.ReduceGradients))
                        .toList())
                .toList();
        return plan.withSchedule(
                new Schedule(schedule.name(), schedule.numStages(), schedule.numMicrobatches(), actions));
    }

    /**
     * Swaps the parts of a split parameter between tensor ranks 0 and 1; its neighbours stay as they are. Parts of the vocabulary know
     * which rows they are, so swapping those is no mistake; parts of unequal length cannot be swapped.
     */
    public static Plan withSwappedShards(Plan plan, String parameterName) {
        boolean[] found = {false};
        Plan broken = mapParameters(plan, parameter -> {
            if (!parameter.name().equals(parameterName)
                    || !(parameter.placement() instanceof Placement.Split split)
                    || !canSwap(split)) {
                return parameter;
            }
            List<Extent> extents = new ArrayList<>(split.extents());
            Collections.swap(extents, 0, 1);
            found[0] = true;
            return parameter.withPlacement(new Placement.Split(split.dim(), extents));
        });
        if (!found[0]) {
            throw new IllegalArgumentException(
                    plan.scheme() + " does not split '" + parameterName + "' equally, so nothing can be swapped");
        }
        return broken;
    }

    /** Whether ranks 0 and 1 hold different parts of one length. */
    public static boolean canSwap(Placement.Split split) {
        return split.extents().size() > 1
                && !split.extents().get(0).equals(split.extents().get(1))
                && split.extents().get(0).length() == split.extents().get(1).length();
    }

    private static Plan mapParameters(Plan plan, UnaryOperator<ParameterSpec> change) {
        return mapSteps(plan, step -> {
            if (!(step instanceof Step.Local local)) {
                return step;
            }
            Segment segment = new Segment(
                    local.segment().name(),
                    local.segment().kind(),
                    local.segment().parameters().stream().map(change).toList());
            return new Step.Local(segment, local.inputs(), local.output());
        });
    }

    private static Plan mapSteps(Plan plan, UnaryOperator<Step> change) {
        List<Stage> stages = new ArrayList<>();
        for (Stage stage : plan.stages()) {
            List<Step> steps = stage.steps().stream().map(change).toList();
            stages.add(new Stage(
                    stage.index(), stage.pipelineRank(), stage.label(), steps, stage.input(), stage.output()));
        }
        return plan.withStages(stages);
    }
}
