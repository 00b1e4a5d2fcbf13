package io.shardlab.magics.session;

import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Grid;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import tech.tablesaw.api.Table;

/** A comparison with one device: data for cells. */
public final class Verdict {

    private static final int LONG_TABLE = 12;

    private final Runs.CheckOutcome outcome;

    Verdict(Runs.CheckOutcome outcome) {
        this.outcome = outcome;
    }

    Runs.CheckOutcome outcome() {
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
        return grid().table();
    }

    private Grid<Runs.CheckRow> grid() {
        return new Grid<>(
                outcome.plan().scheme() + " against single: " + outcome.verdict(),
                List.of(
                        Column.text("tensor", "tensor", Runs.CheckRow::tensor),
                        Column.text(
                                "rank",
                                "rank",
                                row -> row.rank().isPresent()
                                        ? String.valueOf(row.rank().getAsInt())
                                        : "all"),
                        Column.text("kind", "kind", Runs.CheckRow::kind),
                        Column.number("max_abs", "largest absolute difference", 6, Runs.CheckRow::maxAbsolute),
                        Column.number("max_rel", "largest relative difference", 6, Runs.CheckRow::maxRelative),
                        Column.optionalNumber(
                                "float64_max_rel", "relative in float64", 6, Runs.CheckRow::float64Relative),
                        Column.text("verdict", "verdict", Runs.CheckRow::verdict)),
                outcome.rows());
    }

    /** The tensors that matter most, and how many there are. */
    Content content() {
        boolean wrong = firstDeviation().isPresent();
        Grid<Runs.CheckRow> grid = shortGrid();
        List<Runs.CheckRow> worst = grid.rows();
        String line = this
                + (worst.size() < outcome.rows().size()
                        ? "; the " + (wrong ? "first " + worst.size() + " wrong" : worst.size() + " largest") + " of "
                                + outcome.rows().size() + " tensors are shown, .table() holds all"
                        : "");
        return Content.headline(line).above(Content.table(grid));
    }

    Grid<Runs.CheckRow> shortGrid() {
        Grid<Runs.CheckRow> all = grid();
        return new Grid<>(all.caption(), all.columns(), firstDeviation().isPresent() ? firstWrong() : worst());
    }

    /** Wrong tensors in the order of computation: what is wrong first made the others wrong. */
    private List<Runs.CheckRow> firstWrong() {
        return outcome.rows().stream()
                .filter(row -> row.verdict().equals("bug"))
                .limit(LONG_TABLE)
                .toList();
    }

    private List<Runs.CheckRow> worst() {
        if (outcome.rows().size() <= LONG_TABLE) {
            return outcome.rows();
        }
        return outcome.rows().stream()
                .sorted(Comparator.comparingDouble(Runs.CheckRow::maxRelative).reversed())
                .limit(LONG_TABLE)
                .toList();
    }

    @Override
    public String toString() {
        return outcome.plan().scheme() + " against single: " + verdict()
                + firstDeviation().map(tensor -> ", first at " + tensor).orElse("");
    }
}
