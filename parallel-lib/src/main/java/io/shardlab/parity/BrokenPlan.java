package io.shardlab.parity;

import io.shardlab.plan.Collective;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
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

    /** Leaves out the {@code index}-th collective of a kind: ALL_REDUCE breaks the forward pass, COPY only the backward. */
    public static Plan without(Plan plan, Collective collective, int index) {
        int[] seen = {0};
        Plan broken = mapSteps(plan, step -> {
            if (step instanceof Step.Communicate communicate
                    && communicate.collective() == collective
                    && seen[0]++ == index) {
                return new Step.Rename(communicate.input(), communicate.output());
            }
            return step;
        });
        if (seen[0] <= index) {
            throw new IllegalArgumentException(
                    plan.scheme() + " has no collective " + collective + " number " + index + " to leave out");
        }
        return broken;
    }

    /** Swaps the parts of a split parameter between tensor ranks 0 and 1; its neighbours stay as they are. */
    public static Plan withSwappedShards(Plan plan, String parameterName) {
        boolean[] found = {false};
        Plan broken = mapSteps(plan, step -> {
            if (!(step instanceof Step.Local local)) {
                return step;
            }
            List<ParameterSpec> parameters = new ArrayList<>();
            for (ParameterSpec parameter : local.segment().parameters()) {
                if (parameter.name().equals(parameterName)
                        && parameter.placement() instanceof Placement.Split split
                        && split.extents().size() > 1) {
                    List<Extent> extents = new ArrayList<>(split.extents());
                    Collections.swap(extents, 0, 1);
                    Placement swapped = new Placement.Split(split.dim(), extents);
                    parameters.add(parameter.withPlacement(swapped));
                    found[0] = true;
                } else {
                    parameters.add(parameter);
                }
            }
            Segment segment =
                    new Segment(local.segment().name(), local.segment().kind(), parameters);
            return new Step.Local(segment, local.inputs(), local.output());
        });
        if (!found[0]) {
            throw new IllegalArgumentException(
                    plan.scheme() + " does not split '" + parameterName + "', so nothing can be swapped");
        }
        return broken;
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
