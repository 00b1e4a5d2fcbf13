package io.shardlab.magics.session;

import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.backend.FailedWorkers;
import io.shardlab.magics.backend.RankList;
import io.shardlab.magics.table.CellGrids;
import io.shardlab.magics.view.Grid;
import java.util.List;
import java.util.Optional;
import tech.tablesaw.api.Table;

/** A cell that has run on workers: data for other cells. */
public final class CellRun {

    private final Cells.Outcome outcome;

    CellRun(Cells.Outcome outcome) {
        this.outcome = outcome;
    }

    Cells.Outcome outcome() {
        return outcome;
    }

    /** What the cell fails with, where a rank ended with an exception. */
    Optional<ShardException> problem() {
        return outcome.failures().isEmpty()
                ? Optional.empty()
                : Optional.of(ShardException.failed(new FailedWorkers(outcome.failures())));
    }

    /** The last expression's value on each rank that ran the cell, as text, in rank order; empty where there is none. */
    public List<Optional<String>> values() {
        return outcome.ran().stream().map(Cells.RankRow::value).toList();
    }

    /** The same for one rank. */
    public Optional<String> value(int rank) {
        return outcome.ran().stream()
                .filter(row -> row.rank() == rank)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("rank " + rank + " did not run the cell"))
                .value();
    }

    /** The longest time on any rank. */
    public double millis() {
        return outcome.ran().stream().mapToDouble(Cells.RankRow::millis).max().orElse(0);
    }

    /** One row per rank that ran the cell. */
    public Table table() {
        return grid().table();
    }

    Grid<Cells.RankRow> grid() {
        return CellGrids.ran(outcome);
    }

    @Override
    public String toString() {
        return "cell on "
                + RankList.text(outcome.ran().stream().map(Cells.RankRow::rank).toList());
    }
}
