package io.shardlab.magics.session;

import io.shardlab.model.Model;
import io.shardlab.model.ModelSpec;
import io.shardlab.plan.Plan;
import io.shardlab.run.TrainerState;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The model on the workers, how far it has been trained, and what was heard of its last run. */
final class PlacedModel {

    private @Nullable Plan plan;
    private @Nullable Model model;
    private int stepsTrained;
    private Optional<TrainerState.RunState> lastTraining = Optional.empty();
    private @Nullable TrainingRecord lastRun;

    Optional<Plan> plan() {
        return Optional.ofNullable(plan);
    }

    Plan requirePlan() {
        return plan().orElseThrow(PlacedModel::missing);
    }

    Model requireModel() {
        return Optional.ofNullable(model).orElseThrow(PlacedModel::missing);
    }

    private static IllegalStateException missing() {
        return new IllegalStateException("no model is placed; `%shard place MODEL` places one");
    }

    /** The model, if it is one with a configuration. */
    Optional<ModelSpec> decoder() {
        return model instanceof ModelSpec spec ? Optional.of(spec) : Optional.empty();
    }

    /** Other weights are about to take its place. */
    void giveWay() {
        plan = null;
        lastRun = null;
    }

    void put(Plan placed, Model spec) {
        plan = placed;
        model = spec;
        stepsTrained = 0;
        lastTraining = Optional.empty();
    }

    /** The weights are no longer whole, or no longer those of the model. */
    void lose() {
        plan = null;
    }

    /** The workers are gone. What was heard of the last run stays. */
    void clear() {
        plan = null;
        model = null;
    }

    int stepsTrained() {
        return stepsTrained;
    }

    void trainedTo(int step) {
        stepsTrained = step;
    }

    /** A run begins. */
    void train(TrainerState.RunState training) {
        lastTraining = Optional.of(training);
    }

    /** Where training stands, for a checkpoint. */
    TrainerState state() {
        return TrainerState.of(requirePlan(), stepsTrained, lastTraining);
    }

    /** A checkpoint was loaded. */
    void resume(TrainerState state) {
        stepsTrained = state.step();
        lastTraining = state.run();
        lastRun = null;
    }

    /** All that is known of a placed model, while another takes its place. */
    record Kept(
            Optional<Plan> plan,
            Optional<Model> model,
            int stepsTrained,
            Optional<TrainerState.RunState> lastTraining,
            Optional<TrainingRecord> lastRun) {}

    Kept keep() {
        return new Kept(plan(), Optional.ofNullable(model), stepsTrained, lastTraining, lastRun());
    }

    void restore(Kept kept) {
        plan = kept.plan().orElse(null);
        model = kept.model().orElse(null);
        stepsTrained = kept.stepsTrained();
        lastTraining = kept.lastTraining();
        lastRun = kept.lastRun().orElse(null);
    }

    Optional<TrainingRecord> lastRun() {
        return Optional.ofNullable(lastRun);
    }

    void record(TrainingRecord run) {
        lastRun = run;
    }
}
