package io.shardlab.magics.table;

import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Grid;
import java.util.List;
import java.util.Optional;

/** The tables of cells and variables. */
public final class CellGrids {

    private static final int LONGEST = 80;

    private CellGrids() {}

    public static Grid<Cells.RankRow> ran(Cells.Outcome outcome) {
        return new Grid<>(
                "cell " + outcome.number(),
                List.of(
                        Column.integer("rank", "rank", Cells.RankRow::rank),
                        Column.text("role", "role", Cells.RankRow::role),
                        Column.text("device", "device", Cells.RankRow::device),
                        Column.text("ended", "ended", Cells.RankRow::ended),
                        Column.text("type", "type", Cells.RankRow::type),
                        Column.optionalText("value", "value", Cells.RankRow::value),
                        Column.number("ms", "ms", 3, Cells.RankRow::millis)),
                outcome.ran());
    }

    public static Grid<Cells.VariableRow> variables(List<Cells.VariableRow> rows) {
        return new Grid<>(
                rows.isEmpty() ? "no variables; cells with %%shard declare some" : "variables of the workers' cells",
                List.of(
                        Column.text("name", "name", Cells.VariableRow::name),
                        Column.text("type", "type", Cells.VariableRow::type),
                        Column.integer("rank", "rank", Cells.VariableRow::rank),
                        Column.optionalText("shape", "shape", Cells.VariableRow::shape),
                        Column.optionalText("dtype", "element type", Cells.VariableRow::elementType),
                        Column.text("device", "device", Cells.VariableRow::device),
                        Column.whole("bytes", "bytes", Cells.VariableRow::numBytes),
                        Column.optionalText("value", "value", Cells.VariableRow::value)),
                rows);
    }

    public static Grid<Cells.PulledRow> pulled(String name, List<Cells.PulledRow> rows) {
        return new Grid<>(
                name,
                List.of(
                        Column.integer("rank", "rank", Cells.PulledRow::rank),
                        Column.text("type", "type", Cells.PulledRow::type),
                        Column.optionalText(
                                "shape",
                                "shape",
                                row -> row.shape().isEmpty()
                                        ? Optional.empty()
                                        : Optional.of(Cells.shape(row.shape()))),
                        Column.text("value", "value", row -> shortened(row.text()))),
                rows);
    }

    public static String shortened(String text) {
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…";
    }
}
