package io.shardlab.model;

import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Schedule;
import io.shardlab.plan.Scheme;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.plan.Words;
import io.shardlab.schedule.GivenSchedule;
import io.shardlab.schedule.Lowering;
import io.shardlab.schedule.ScheduleCheck;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;

/** Makes plans: layers to stages balanced by cost, heads and columns to tensor ranks, a rule to a full schedule. */
public final class Planner {

    /**
     * What a plan needs besides model and scheme.
     *
     * @param schedule name of a rule, for instance {@code 1f1b}
     * @param seed of the initial weights
     * @param options how the scheme is carried out
     */
    public record Settings(TensorType type, Plan.Workload workload, String schedule, long seed, Options options) {

        /** With {@link Options#DEFAULT}. */
        public Settings(TensorType type, Plan.Workload workload, String schedule, long seed) {
            this(type, workload, schedule, seed, Options.DEFAULT);
        }
    }

    private Planner() {}

    /** Places a model on a mesh; {@link IllegalArgumentException} says what does not fit and what does. */
    public static Plan plan(ModelSpec model, Scheme scheme, Settings settings) {
        return plan(
                model,
                scheme,
                settings,
                ScheduleRule.named(settings.schedule(), settings.options().chunks()));
    }

    /** The same under a schedule that needs no name, for instance one that a user wrote. */
    public static Plan plan(ModelSpec model, Scheme scheme, Settings settings, ScheduleRule rule) {
        if (settings.options().zero() > 0 && scheme.data() == 1) {
            throw new IllegalArgumentException("zero 1 splits the optimizer over the data axis, and " + scheme
                    + " has none; use dp ≥ 2, or zero 0");
        }
        rule.requireChunks(settings.options().chunks());
        int numStages = scheme.pipeline() * settings.options().chunks();
        if (numStages > model.numLayers()) {
            throw new IllegalArgumentException("pp=" + scheme.pipeline()
                    + (rule.chunks() > 1 ? " with chunks=" + rule.chunks() : "")
                    + " needs at least one layer per stage; " + model.name() + " has "
                    + Words.counted(model.numLayers(), "layer"));
        }
        model.requireSequence(settings.workload().sequence());
        if (settings.options().sequenceParallel() && scheme.tensor() == 1) {
            throw new IllegalArgumentException(
                    "--sp splits tokens between tensor ranks and tp=1 has one; use --tp 2 or more, or leave --sp out");
        }
        Decoder decoder =
                new Decoder(model, scheme.tensor(), settings.workload().sequence(), settings.options());
        List<Stage> stages = stages(
                model,
                decoder,
                numStages,
                scheme.pipeline(),
                settings.workload().sequence());
        return new Plan(
                model.name(),
                scheme,
                settings.type(),
                settings.workload(),
                model.hiddenSize(),
                model.vocabularySize(),
                settings.seed(),
                settings.options(),
                stages,
                schedule(rule, scheme, settings.workload().microbatches(), stages));
    }

    /**
     * The same plan for another workload or schedule; stages, and so weights, stay where they are.
     *
     * @param schedule name of a rule or of the plan's own schedule
     */
    public static Plan replan(Plan plan, Plan.Workload workload, String schedule) {
        boolean kept = schedule.equals(plan.schedule().name()) && !ScheduleRule.NAMES.contains(schedule);
        return replan(
                plan,
                workload,
                kept
                        ? new GivenSchedule(plan.schedule())
                        : ScheduleRule.named(schedule, plan.options().chunks()));
    }

    /** The same under a schedule that needs no name, for instance one that a user wrote. */
    public static Plan replan(Plan plan, Plan.Workload workload, ScheduleRule rule) {
        rule.requireChunks(plan.options().chunks());
        return new Plan(
                plan.model(),
                plan.scheme(),
                plan.type(),
                workload,
                plan.hiddenSize(),
                plan.vocabularySize(),
                plan.seed(),
                plan.options(),
                plan.stages(),
                schedule(rule, plan.scheme(), workload.microbatches(), plan.stages()));
    }

    static Schedule schedule(ScheduleRule rule, Scheme scheme, int microbatches, List<Stage> stages) {
        Schedule passes = rule.schedule(scheme.pipeline(), microbatches);
        if (passes.splitsBackward()) {
            requireSplittable(rule, stages);
        }
        return ScheduleCheck.check(Lowering.complete(passes, scheme.data()));
    }

    private static void requireSplittable(ScheduleRule rule, List<Stage> stages) {
        for (Stage stage : stages) {
            for (Segment segment : stage.segments()) {
                if (!segment.kind().splitsBackward()) {
                    throw new IllegalArgumentException("schedule " + rule.name()
                            + " runs input and weight gradients apart (I and W passes), which " + segment.name()
                            + " cannot; use gpipe, 1f1b, 1f1b-eager or interleaved");
                }
            }
        }
    }

    private static List<Stage> stages(
            ModelSpec model, Decoder decoder, int numStages, int pipelineDegree, int sequence) {
        List<Integer> counts = LayerCost.split(model, numStages, pipelineDegree, sequence);
        List<Stage> stages = new ArrayList<>();
        int first = 0;
        for (int index = 0; index < numStages; index++) {
            int end = first + counts.get(index);
            boolean isFirst = index == 0;
            boolean isLast = index == numStages - 1;
            List<Step> steps = new ArrayList<>();
            if (isFirst) {
                steps.addAll(decoder.embedding());
            }
            for (int layer = first; layer < end; layer++) {
                steps.addAll(decoder.layer(layer));
            }
            if (isLast) {
                steps.addAll(decoder.head());
            }
            stages.add(new Stage(
                    index,
                    index % pipelineDegree,
                    label(first, end, isFirst, isLast),
                    steps,
                    isFirst ? Stage.TOKENS : "x" + 2 * first,
                    isLast ? Stage.LOSS : "x" + 2 * end));
            first = end;
        }
        return stages;
    }

    private static String label(int first, int end, boolean isFirst, boolean isLast) {
        String layers = end - first == 1 ? "layer " + first : "layers " + first + "–" + (end - 1);
        return (isFirst ? "embedding, " : "") + layers + (isLast ? ", head" : "");
    }
}
