package io.shardlab.magics.session;

import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.table.PlanGrids;
import tech.tablesaw.api.Table;

/** A model that a cell wrote: data for cells. */
public final class UserModel {

    private final Plans.ModelOutcome outcome;

    UserModel(Plans.ModelOutcome outcome) {
        this.outcome = outcome;
    }

    Plans.ModelOutcome outcome() {
        return outcome;
    }

    public String name() {
        return outcome.name();
    }

    /** One row per part that a pipeline can divide; none before a worker has run the model. */
    public Table table() {
        return PlanGrids.model(outcome).table();
    }

    @Override
    public String toString() {
        return outcome.name() + (outcome.described() ? "" : ": compiled; `%shard up` lets a worker look at it");
    }
}
