package io.shardlab.magics.command;

import io.shardlab.plan.Scheme;
import io.shardlab.run.TrainSettings;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What to train, on what.
 *
 * @param placement the model to place first, unless it is placed already; empty for the placed one
 * @param workload what differs from the placed plan's
 * @param settings steps, rates, clipping
 * @param source text file, folder, {@code java-code} or {@code random}; empty for the default
 * @param name of the run's folder
 * @param checkpoints what the run saves, and what it goes on from
 */
public record TrainOptions(
        Optional<PlanOptions> placement,
        WorkloadChoice workload,
        TrainSettings settings,
        Optional<String> source,
        Optional<String> name,
        CheckpointOptions checkpoints) {

    public TrainOptions {
        name.ifPresent(TrainOptions::requireName);
    }

    private static void requireName(String name) {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,59}")) {
            throw new IllegalArgumentException(
                    "run name '" + name
                            + "' must be 1 to 60 letters, digits, dots, dashes or underscores, starting with a letter or digit");
        }
    }

    /** So many steps of the placed model. */
    public static TrainOptions steps(int count) {
        return new TrainOptions(
                Optional.empty(),
                WorkloadChoice.DEFAULT,
                TrainSettings.DEFAULT.withSteps(count),
                Optional.empty(),
                Optional.empty(),
                CheckpointOptions.NONE);
    }

    /** The usual number of steps of a model, placed first unless it is; without a scheme any that it is placed under will do. */
    public static TrainOptions of(String model, Optional<Scheme> scheme) {
        return steps(TrainSettings.DEFAULT.steps()).withPlacement(PlanOptions.of(model, scheme));
    }

    /** Goes on with the run of a checkpoint, as if it had never stopped. */
    public static TrainOptions resume(Path folder) {
        return steps(1).withCheckpoints(CheckpointOptions.NONE.withResume(folder));
    }

    public TrainOptions withCheckpoints(CheckpointOptions changed) {
        return new TrainOptions(placement, workload, settings, source, name, changed);
    }

    /** Places a model first, unless it is placed already. */
    public TrainOptions withPlacement(PlanOptions changed) {
        return new TrainOptions(Optional.of(changed), workload, settings, source, name, checkpoints);
    }

    public TrainOptions withSettings(TrainSettings changed) {
        return new TrainOptions(placement, workload, changed, source, name, checkpoints);
    }

    /** Trains on a text file, a folder, {@code java-code} or {@code random}. */
    public TrainOptions withSource(String changed) {
        return new TrainOptions(placement, workload, settings, Optional.of(changed), name, checkpoints);
    }

    public TrainOptions withWorkload(int batch, int sequence, int microbatches) {
        return new TrainOptions(
                placement, WorkloadChoice.of(batch, sequence, microbatches), settings, source, name, checkpoints);
    }

    public TrainOptions withName(String changed) {
        return new TrainOptions(placement, workload, settings, source, Optional.of(changed), checkpoints);
    }
}
