package io.shardlab.magics.session;

import io.shardlab.run.TrainerState;
import java.nio.file.Path;
import tech.tablesaw.api.Table;

/** A checkpoint that was saved or loaded: data for cells. */
public final class Filed {

    private final String verb;
    private final Checkpointing.FilesOutcome outcome;

    Filed(String verb, Checkpointing.FilesOutcome outcome) {
        this.verb = verb;
        this.outcome = outcome;
    }

    Checkpointing.FilesOutcome outcome() {
        return outcome;
    }

    String verb() {
        return verb;
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
        return Grids.files(this).table();
    }

    @Override
    public String toString() {
        return "step " + state().step() + " of " + state().model() + " " + verb + " "
                + (verb.equals("saved") ? "to " : "from ") + folder();
    }
}
