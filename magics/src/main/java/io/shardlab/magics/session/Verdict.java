package io.shardlab.magics.session;

import java.util.Optional;
import tech.tablesaw.api.Table;

/** A comparison with one device: data for cells. */
public final class Verdict {

    private final Backend.CheckOutcome outcome;

    Verdict(Backend.CheckOutcome outcome) {
        this.outcome = outcome;
    }

    Backend.CheckOutcome outcome() {
        return outcome;
    }

    /** {@code same bits}, {@code rounding} or {@code bug}. */
    public String verdict() {
        return outcome.verdict();
    }

    /** The first tensor, in order of computation, that deviates by more than rounding. */
    public Optional<String> firstDeviation() {
        return outcome.firstDeviation();
    }

    /** One row per tensor. */
    public Table table() {
        return Grids.check(outcome).table();
    }

    @Override
    public String toString() {
        return outcome.plan().scheme() + " against single: " + verdict()
                + firstDeviation().map(tensor -> ", first at " + tensor).orElse("");
    }
}
