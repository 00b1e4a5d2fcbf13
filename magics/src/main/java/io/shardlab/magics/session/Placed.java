package io.shardlab.magics.session;

import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.table.PlanGrids;
import io.shardlab.plan.Plan;
import tech.tablesaw.api.Table;

/** A model on its workers: data for cells. */
public final class Placed {

    private final Plans.PlaceOutcome outcome;

    Placed(Plans.PlaceOutcome outcome) {
        this.outcome = outcome;
    }

    Plans.PlaceOutcome outcome() {
        return outcome;
    }

    public Plan plan() {
        return outcome.plan();
    }

    /** One row per rank. */
    public Table table() {
        return PlanGrids.placed(outcome).table();
    }

    @Override
    public String toString() {
        return plan().model() + " placed under " + plan().scheme();
    }
}
