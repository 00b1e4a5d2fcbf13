package io.shardlab.model;

import io.shardlab.cost.StageBalance;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.schedule.ScheduleRule;
import java.util.ArrayList;
import java.util.List;

/** Plans of users' blocks: children to stages balanced by measured cost, pairs of {@code Linear} to tensor ranks. */
final class BlockPlanner {

    private BlockPlanner() {}

    static Plan plan(BlockSpec model, Scheme scheme, Planner.Settings settings, ScheduleRule rule) {
        rule.requireChunks(settings.options().chunks());
        if (settings.options().sequenceParallel()) {
            throw new IllegalArgumentException(
                    "--sp is for language models; " + model.name() + " has no tokens to split");
        }
        if (settings.options().dropout() > 0) {
            throw new IllegalArgumentException(
                    "--dropout is for language models; " + model.name() + " is as its cell says");
        }
        BlockLayers layers =
                new BlockLayers(model, scheme.tensor(), settings.options().uneven());
        int numStages = scheme.pipeline() * settings.options().chunks();
        List<Stage> stages = stages(model, layers, scheme, numStages);
        long widest = model.units().stream()
                .mapToLong(unit -> unit.output().numElements())
                .max()
                .orElseThrow();
        return new Plan(
                model.name(),
                scheme,
                settings.type(),
                settings.workload(),
                widest,
                model.numClasses(),
                settings.seed(),
                settings.options(),
                stages,
                Planner.schedule(rule, scheme, settings.workload().microbatches(), stages));
    }

    private static List<Stage> stages(BlockSpec model, BlockLayers layers, Scheme scheme, int numStages) {
        List<List<BlockSpec.Unit>> groups = layers.groups();
        if (numStages > groups.size()) {
            throw new IllegalArgumentException("pp=" + scheme.pipeline()
                    + (numStages > scheme.pipeline() ? " with " + numStages + " stages" : "") + ": " + model.name()
                    + " has " + groups.size() + (groups.size() == 1 ? " part" : " parts")
                    + " to divide (children with parameters"
                    + (groups.size() < model.units().size() ? ", pairs that tp splits counted once" : "")
                    + "); use pp = 1"
                    + (groups.size() > 1 ? " to " + groups.size() : " or dp"));
        }
        List<Double> costs = groups.stream()
                .map(group -> group.stream().mapToDouble(BlockSpec.Unit::flops).sum())
                .toList();
        List<Integer> counts = StageBalance.split(costs, 0, 0, numStages, scheme.pipeline());
        List<Stage> stages = new ArrayList<>();
        int group = 0;
        int unit = 0;
        for (int index = 0; index < numStages; index++) {
            List<Step> steps = new ArrayList<>();
            List<String> labels = new ArrayList<>();
            String input = index == 0 ? Stage.TOKENS : "x" + unit;
            for (int end = group + counts.get(index); group < end; group++) {
                steps.addAll(layers.steps(groups.get(group), unit));
                unit += groups.get(group).size();
                groups.get(group).forEach(part -> labels.add(part.label()));
            }
            boolean last = index == numStages - 1;
            if (last) {
                Segment loss = new Segment(Stage.LOSS, new Segment.Loss(model.loss()), List.of());
                steps.add(new Step.Local(loss, List.of("x" + unit, Stage.TARGETS), Stage.LOSS));
                labels.add(model.loss().toString());
            }
            stages.add(new Stage(
                    index,
                    index % scheme.pipeline(),
                    String.join(", ", labels),
                    steps,
                    input,
                    last ? Stage.LOSS : "x" + unit));
        }
        return stages;
    }
}
