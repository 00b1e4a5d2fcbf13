package io.shardlab.magics.local;

import io.shardlab.model.Model;
import io.shardlab.model.ModelSpec;
import io.shardlab.plan.Plan;
import io.shardlab.run.TrainerState;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The model on the workers, how far it has been trained, and what was heard of its last run. Changed by the thread that has the
 * turn, looked at by any.
 */
final class PlacedModel {

    private @Nullable Plan plan;
    private @Nullable Model model;
    private int stepsTrained;
    private Optional<TrainerState.RunState> lastTraining = Optional.empty();
    private @Nullable TrainingRecord lastRun;
    private @Nullable Recipe recipe;
    private Optional<Checkpoint> checkpoint = Optional.empty();

    /**
     * What it takes to place a model again.
     *
     * @param weights the folder that its weights came from; empty for those of the plan's seed
     */
    record Recipe(Plan plan, Model model, Optional<String> weights) {}

    /** The last checkpoint of this model. */
    record Checkpoint(Path folder, int step) {}

    synchronized Optional<Plan> plan() {
        return Optional.ofNullable(plan);
    }

    synchronized Plan requirePlan() {
        return plan().orElseThrow(PlacedModel::missing);
    }

    synchronized Model requireModel() {
        return Optional.ofNullable(model).orElseThrow(PlacedModel::missing);
    }

    private static IllegalStateException missing() {
        return new IllegalStateException("no model is placed; `%shard place MODEL` places one");
    }

    /** The model, if it is one with a configuration. */
    synchronized Optional<ModelSpec> decoder() {
        return model instanceof ModelSpec spec ? Optional.of(spec) : Optional.empty();
    }

    /** Other weights are about to take its place. */
    synchronized void giveWay() {
        plan = null;
        recipe = null;
        lastRun = null;
    }

    /** How to place it again, also when its workers are lost. */
    synchronized Optional<Recipe> recipe() {
        return Optional.ofNullable(recipe);
    }

    synchronized Optional<Checkpoint> checkpoint() {
        return checkpoint;
    }

    /** A checkpoint of it is complete. */
    synchronized void savedIn(Path folder, int step) {
        checkpoint = Optional.of(new Checkpoint(folder, step));
    }

    synchronized void put(Recipe placed) {
        recipe = placed;
        checkpoint = Optional.empty();
        plan = placed.plan();
        model = placed.model();
        stepsTrained = 0;
        lastTraining = Optional.empty();
    }

    /** The weights are no longer whole, or no longer those of the model. */
    synchronized void lose() {
        plan = null;
    }

    /** The workers are gone. What was heard of the last run stays. */
    synchronized void clear() {
        plan = null;
        model = null;
        recipe = null;
    }

    synchronized int stepsTrained() {
        return stepsTrained;
    }

    synchronized void trainedTo(int step) {
        stepsTrained = step;
    }

    /** A run begins. */
    synchronized void train(TrainerState.RunState training) {
        lastTraining = Optional.of(training);
    }

    /** Where training stands, for a checkpoint. */
    synchronized TrainerState state() {
        return TrainerState.of(requirePlan(), stepsTrained, lastTraining);
    }

    /** A checkpoint was loaded. */
    synchronized void resume(TrainerState state) {
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
            Optional<TrainingRecord> lastRun,
            Optional<Recipe> recipe,
            Optional<Checkpoint> checkpoint) {}

    synchronized Kept keep() {
        return new Kept(
                plan(), Optional.ofNullable(model), stepsTrained, lastTraining, lastRun(), recipe(), checkpoint);
    }

    synchronized void restore(Kept kept) {
        plan = kept.plan().orElse(null);
        model = kept.model().orElse(null);
        stepsTrained = kept.stepsTrained();
        lastTraining = kept.lastTraining();
        lastRun = kept.lastRun().orElse(null);
        recipe = kept.recipe().orElse(null);
        checkpoint = kept.checkpoint();
    }

    synchronized Optional<TrainingRecord> lastRun() {
        return Optional.ofNullable(lastRun);
    }

    synchronized void record(TrainingRecord run) {
        lastRun = run;
    }
}
