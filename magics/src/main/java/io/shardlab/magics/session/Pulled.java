package io.shardlab.magics.session;

import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.backend.RankList;
import io.shardlab.magics.table.CellGrids;
import io.shardlab.magics.view.Grid;
import java.util.List;
import tech.tablesaw.api.Table;

/** A variable of the workers' cells, fetched. */
public final class Pulled {

    private final String name;
    private final List<Cells.PulledRow> rows;

    Pulled(String name, List<Cells.PulledRow> rows) {
        this.name = name;
        this.rows = List.copyOf(rows);
    }

    public String name() {
        return name;
    }

    /** In rank order: boxed numbers, texts, arrays; a tensor as a nested Java array of its shape. */
    public List<Object> values() {
        return rows.stream().map(Cells.PulledRow::value).toList();
    }

    public Object value(int rank) {
        return rows.stream()
                .filter(row -> row.rank() == rank)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("rank " + rank + " was not asked for " + name))
                .value();
    }

    public Table table() {
        return grid().table();
    }

    Grid<Cells.PulledRow> grid() {
        return CellGrids.pulled(name, rows);
    }

    @Override
    public String toString() {
        return name + " of "
                + RankList.text(rows.stream().map(Cells.PulledRow::rank).toList());
    }
}
