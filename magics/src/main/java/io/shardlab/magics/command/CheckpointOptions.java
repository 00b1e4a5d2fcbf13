package io.shardlab.magics.command;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a run saves, and what it goes on from.
 *
 * @param save folder of the checkpoint, written at the end of the run
 * @param every also after so many steps of the run, again and again; the new one replaces the old one
 * @param resume checkpoint whose run goes on
 * @param steps of the resumed run in all; empty for as many as it had
 */
public record CheckpointOptions(Optional<Path> save, OptionalInt every, Optional<Path> resume, OptionalInt steps) {

    /** Nothing saved, nothing resumed. */
    public static final CheckpointOptions NONE =
            new CheckpointOptions(Optional.empty(), OptionalInt.empty(), Optional.empty(), OptionalInt.empty());

    public CheckpointOptions {
        if (every.isPresent() && save.isEmpty()) {
            throw new IllegalArgumentException(
                    "--every " + every.getAsInt() + " needs a folder to save into: --save DIR");
        }
    }

    public CheckpointOptions withSave(Path folder) {
        return new CheckpointOptions(Optional.of(folder), every, resume, steps);
    }

    public CheckpointOptions withSave(Path folder, int everySteps) {
        return new CheckpointOptions(Optional.of(folder), OptionalInt.of(everySteps), resume, steps);
    }

    public CheckpointOptions withResume(Path folder) {
        return new CheckpointOptions(save, every, Optional.of(folder), steps);
    }
}
