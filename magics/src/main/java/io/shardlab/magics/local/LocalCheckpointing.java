package io.shardlab.magics.local;

import io.shardlab.magics.backend.Checkpointing;
import io.shardlab.magics.backend.FailedWorkers;
import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.backend.Turns;
import io.shardlab.run.Checkpoints;
import io.shardlab.run.StopSignal;
import io.shardlab.run.TrainerState;
import io.shardlab.weights.FileFailure;
import java.io.IOException;
import java.nio.file.Path;

/** Lets the workers write and read the files of the model that is placed on them. */
final class LocalCheckpointing implements Checkpointing {

    private final RunningCluster cluster;

    LocalCheckpointing(RunningCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public FilesOutcome save(Path folder, Progress progress) {
        try (Turns.Turn turn = cluster.turn("save")) {
            FilesOutcome outcome = PlacedCheckpoint.of(cluster, progress)
                    .save(folder, cluster.placed().state());
            cluster.placed().savedIn(folder, cluster.placed().stepsTrained());
            return outcome;
        } catch (StopSignal.CancelledRun stopped) {
            throw new IllegalStateException("the save was stopped; what was in '" + folder + "' is unchanged", stopped);
        }
    }

    @Override
    public FilesOutcome load(Path folder, Progress progress) {
        if (cluster.placed().plan().isEmpty()) {
            saved(folder);
            throw new IllegalStateException("no model is placed to load '" + folder + "' into; `%shard place " + folder
                    + " --tp 2` lays its weights out, `%shard load " + folder
                    + "` then adds optimizer state and step, and `%shard train --resume " + folder + "` does both");
        }
        try (Turns.Turn turn = cluster.turn("load")) {
            FilesOutcome outcome = PlacedCheckpoint.of(cluster, progress).load(folder);
            cluster.placed().resume(outcome.state());
            cluster.placed().savedIn(folder, outcome.state().step());
            return outcome;
        } catch (FailedWorkers partly) {
            cluster.placed().lose(); // Some ranks have the new weights, some the old ones.
            throw partly;
        } catch (StopSignal.CancelledRun stopped) {
            throw new IllegalStateException("the load was stopped before it began; nothing is changed", stopped);
        }
    }

    @Override
    public void requireSavable(Path folder) {
        try {
            Checkpoints.require(folder);
        } catch (IOException e) {
            throw unwritable(folder, e);
        }
    }

    @Override
    public void requireRoom(Path folder) {
        try {
            Checkpoints.require(folder, cluster.placed().requirePlan());
        } catch (IOException e) {
            throw unwritable(folder, e);
        }
    }

    private static IllegalArgumentException unwritable(Path folder, IOException why) {
        return new IllegalArgumentException(
                "--save " + folder + " cannot be written: " + new FileFailure(why).reason(), why);
    }

    @Override
    public TrainerState saved(Path folder) {
        try {
            return Checkpoints.state(folder);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "checkpoint '" + folder + "' cannot be read: " + new FileFailure(e).reason(), e);
        }
    }
}
