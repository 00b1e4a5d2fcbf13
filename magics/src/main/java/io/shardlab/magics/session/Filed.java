package io.shardlab.magics.session;

import io.shardlab.magics.backend.Checkpointing;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Grid;
import io.shardlab.run.TrainerState;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import tech.tablesaw.api.Table;

/** A checkpoint that was saved or loaded: data for cells. */
public final class Filed {

    private final String verb;
    private final Checkpointing.FilesOutcome outcome;

    Filed(String verb, Checkpointing.FilesOutcome outcome) {
        this.verb = verb;
        this.outcome = outcome;
    }

    public Path folder() {
        return outcome.folder();
    }

    /** Where training stands in it. */
    public TrainerState state() {
        return outcome.state();
    }

    /** One row per file of tensors, then their sum with the time of everything. */
    public Table table() {
        return grid().table();
    }

    Grid<Checkpointing.FileRow> grid() {
        return new Grid<>(
                toString(),
                List.of(
                        Column.text("file", "file", Checkpointing.FileRow::file),
                        Column.megabytes("size_mb", "size MB", row -> OptionalLong.of(row.bytes())),
                        Column.number("seconds", "seconds", 3, Checkpointing.FileRow::seconds),
                        Column.number(
                                "mb_per_s", "MB/s", 0, row -> row.bytes() / 1048576.0 / Math.max(row.seconds(), 1e-9))),
                outcome.rows());
    }

    @Override
    public String toString() {
        return "step " + state().step() + " of " + state().model() + " " + verb + " "
                + (verb.equals("saved") ? "to " : "from ") + folder();
    }
}
