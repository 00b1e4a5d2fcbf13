package io.shardlab.magics.backend;

import io.shardlab.run.TrainerState;
import java.nio.file.Path;
import java.util.List;

/** Files that hold the placed model. Same rules as {@link Backend}, of which this is a part. */
public interface Checkpointing {

    /** Writes the placed model as a checkpoint; one that is in the folder is replaced when the new one is complete. */
    FilesOutcome save(Path folder, Progress progress);

    /** Replaces the placed model's weights, optimizer state and step by a checkpoint's. */
    FilesOutcome load(Path folder, Progress progress);

    /** Refuses a folder that {@link #save} could not write into, before anything that takes long. */
    void requireSavable(Path folder);

    /** The same, and refuses a disk without room for the placed model and its optimizer state. */
    void requireRoom(Path folder);

    /** What a checkpoint says about itself. */
    TrainerState saved(Path folder);

    /** Files of a checkpoint that were written or read. */
    record FilesOutcome(Path folder, TrainerState state, List<FileRow> rows) {
        public FilesOutcome {
            rows = List.copyOf(rows);
        }
    }

    /** A file, or all of them; {@code seconds} of the slowest rank. */
    record FileRow(String file, long bytes, double seconds) {}
}
