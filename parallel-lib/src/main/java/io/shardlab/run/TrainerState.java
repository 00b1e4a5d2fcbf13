package io.shardlab.run;

import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.TensorType;
import java.util.Optional;

/**
 * What a checkpoint keeps beside tensors: where training stands, and the layout it ran in. Random numbers are counted from
 * seeds, so the seeds and the step are the whole random state.
 *
 * @param model name under which it was placed
 * @param scheme it was saved from; any other may load it
 * @param type of the tensors
 * @param seed of initial weights and dropout
 * @param options how the scheme was carried out
 * @param schedule of the pipeline
 * @param step optimizer steps done, also the next step's data position
 * @param run the run that was under way or had ended; none before any training
 */
public record TrainerState(
        String model,
        Scheme scheme,
        TensorType type,
        long seed,
        Options options,
        String schedule,
        int step,
        Optional<RunState> run) {

    /** Far beyond any training, and far enough below the largest {@code int} to count on from. */
    private static final int MOST_STEPS = 1_000_000_000;

    public TrainerState {
        if (step < 0 || step > MOST_STEPS) {
            throw new IllegalArgumentException("step " + step + " must be 0 to " + MOST_STEPS);
        }
        if (run.isPresent() && (run.get().firstStep() < 0 || run.get().firstStep() > step)) {
            throw new IllegalArgumentException(
                    "run began at step " + run.get().firstStep() + ", which is not one of 0 to " + step);
        }
    }

    /** The state of a placed plan. */
    public static TrainerState of(Plan placed, int step, Optional<RunState> run) {
        return new TrainerState(
                placed.model(),
                placed.scheme(),
                placed.type(),
                placed.seed(),
                placed.options(),
                placed.schedule().name(),
                step,
                run);
    }

    /** Steps of the run that are done. */
    public int runSteps() {
        return run.map(known -> step - known.firstStep()).orElse(0);
    }

    /**
     * A run: what decides its loss curve.
     *
     * @param settings of the whole run, its number of steps included
     * @param firstStep data position of its step 0
     * @param workload batch, length and micro-batches
     * @param text what it reads
     */
    public record RunState(TrainSettings settings, int firstStep, Plan.Workload workload, Text text) {}

    /**
     * Text as token ids.
     *
     * @param source as the user named it; empty for the default
     * @param file name of the token file, made from its content
     */
    public record Text(Optional<String> source, String file) {}
}
