package io.shardlab.magics.session;

import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.TrainOptions;
import io.shardlab.magics.command.WorkloadChoice;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Presets;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.run.TrainSettings;
import io.shardlab.run.TrainerState;
import io.shardlab.weights.FileFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What a run needs to start or to go on: from the user's words, or from a checkpoint and what the user changed.
 *
 * @param settings of the whole run
 * @param done steps that are done already
 * @param expected token file that a resumed run was reading
 */
record ResumedRun(
        Optional<PlanOptions> placement,
        WorkloadChoice workload,
        TrainSettings settings,
        Optional<String> source,
        int done,
        Optional<String> expected) {

    static ResumedRun fresh(TrainOptions options) {
        return new ResumedRun(
                options.placement(), options.workload(), options.settings(), options.source(), 0, Optional.empty());
    }

    /**
     * The run of a checkpoint.
     *
     * @param folder of the checkpoint
     * @param placed the plan on the workers: used if it is that model and no other layout is asked for
     */
    static ResumedRun of(TrainOptions options, Path folder, TrainerState state, Optional<Plan> placed) {
        TrainerState.RunState run = state.run()
                .orElseThrow(() -> new IllegalArgumentException("'" + folder
                        + "' holds no run to resume: it was saved before any training; `%shard load " + folder
                        + "` and `%shard train` begin one"));
        int done = state.runSteps();
        int steps = options.checkpoints().steps().orElse(run.settings().steps());
        if (steps <= done) {
            throw new IllegalArgumentException("the run in '" + folder + "' has done " + done
                    + " steps, not fewer than " + steps + "; --steps " + (done + 1) + " or more goes on");
        }
        Plan.Workload saved = run.workload();
        WorkloadChoice workload = WorkloadChoice.of(
                        saved.batch(),
                        saved.sequence(),
                        options.workload().microbatches().orElse(saved.microbatches()))
                .withSchedule(options.workload().schedule());
        return new ResumedRun(
                placement(options, folder, state, workload, placed),
                workload,
                run.settings().withSteps(steps),
                options.source().or(() -> run.text().source()),
                done,
                Optional.of(run.text().file()));
    }

    private static Optional<PlanOptions> placement(
            TrainOptions options, Path folder, TrainerState state, WorkloadChoice workload, Optional<Plan> placed) {
        boolean same = placed.map(Plan::model)
                .filter(name -> name.equals(state.model()) || name.equals(folder.toString()))
                .isPresent();
        if (options.placement().isEmpty() && same) {
            requireSameArithmetic(folder, state, placed.orElseThrow());
            return Optional.empty();
        }
        Optional<PlanOptions> asked = options.placement();
        String model = asked.map(PlanOptions::model)
                .filter(name -> !name.equals(folder.toString()))
                .orElseGet(() -> nameOf(folder, state));
        WorkloadChoice scheduled = asked.isPresent() || workload.schedule().isPresent()
                ? workload
                : workload.withSchedule(Optional.of(state.schedule()));
        return Optional.of(new PlanOptions(
                model,
                asked.map(PlanOptions::scheme).orElse(Optional.of(state.scheme())),
                scheduled,
                asked.flatMap(PlanOptions::type).or(() -> Optional.of(state.type())),
                options(asked, state, placed),
                OptionalLong.of(state.seed()),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                asked.flatMap(PlanOptions::link)));
    }

    /** What was asked for, with the run's dropout; nothing only where what is placed has that, too. */
    private static Optional<Options> options(Optional<PlanOptions> asked, TrainerState state, Optional<Plan> placed) {
        double rate = state.options().dropout();
        boolean same = placed.filter(plan -> plan.options().dropout() == rate).isPresent();
        return asked.map(PlanOptions::said)
                .orElse(Optional.of(state.options()))
                .or(() -> same ? Optional.empty() : Optional.of(Options.DEFAULT))
                .map(options -> options.withDropout(rate));
    }

    /** A run goes on in its own type only; and masks are made from the seed, so one with dropout only with its own. */
    private static void requireSameArithmetic(Path folder, TrainerState state, Plan placed) {
        double rate = state.options().dropout();
        String again = "; `%shard train --resume " + folder + " --tp "
                + placed.scheme().tensor() + "` places it anew";
        if (state.type() != placed.type()) {
            throw new IllegalArgumentException("the run in '" + folder + "' computes in " + state.type()
                    + ", the placed model in " + placed.type() + again);
        }
        if (rate != placed.options().dropout() || (rate != 0 && state.seed() != placed.seed())) {
            throw new IllegalArgumentException(
                    "the run in '" + folder + "' drops " + rate + " with seed " + state.seed() + ", the placed model "
                            + placed.options().dropout() + " with seed " + placed.seed() + again);
        }
    }

    /** The preset that was saved, if it still is that model; else the checkpoint's folder itself. A notebook's model has no folder. */
    private static String nameOf(Path folder, TrainerState state) {
        if (!Files.exists(folder.resolve("config.json"))) {
            return state.model();
        }
        Optional<ModelSpec> preset = Presets.all().stream()
                .filter(spec -> spec.name().equals(state.model()))
                .findFirst();
        if (preset.isEmpty()) {
            return folder.toString();
        }
        try {
            boolean same = ModelSpec.read(folder).toConfig().equals(preset.get().toConfig());
            return same ? state.model() : folder.toString();
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "checkpoint '" + folder + "' cannot be read: " + new FileFailure(e).reason(), e);
        }
    }

    /** Refuses another file of tokens or samples than the run was reading. */
    void check(String description, Path file) {
        String found = String.valueOf(file.getFileName());
        if (expected.isPresent() && !expected.get().equals(found)) {
            throw new IllegalArgumentException(description + " is not what the run was reading (now "
                    + found + ", then " + expected.get() + "); --data names it, or `%shard load` and `%shard train` "
                    + "begin a new run");
        }
    }
}
