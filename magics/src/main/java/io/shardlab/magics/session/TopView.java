package io.shardlab.magics.session;

import io.shardlab.magics.backend.Workers;
import io.shardlab.magics.screen.LiveDisplay;
import io.shardlab.magics.screen.Output;
import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.table.WorkerGrids;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Grid;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;
import tech.tablesaw.api.Table;

/** The workers as they are from moment to moment, in one display. Fed by the cell's thread, drawn by the screen's writer. */
final class TopView extends LiveDisplay {

    private final LongSupplier nanos;
    private final Map<Long, Long> usedBefore = new HashMap<>();
    private long lastNanos;
    private Grid<Row> latest = grid(List.of());
    private String runs = "";

    /** @param cpuPercent of one core since the row before, where the system tells it */
    private record Row(Workers.StatusRow status, OptionalDouble cpuPercent) {}

    TopView(LongSupplier nanos) {
        super(nanos);
        this.nanos = nanos;
    }

    /** Takes what was seen now. */
    synchronized void see(List<Workers.StatusRow> rows, Optional<Started<?>> run) {
        long now = nanos.getAsLong();
        List<Row> seen = new ArrayList<>();
        for (Workers.StatusRow row : rows) {
            seen.add(new Row(row, cpuPercent(row.pid(), now - lastNanos)));
        }
        lastNanos = now;
        latest = grid(seen);
        runs = run.map(Started::news).orElse("");
        changed();
    }

    private OptionalDouble cpuPercent(long pid, long passedNanos) {
        Optional<Duration> used =
                ProcessHandle.of(pid).flatMap(process -> process.info().totalCpuDuration());
        if (used.isEmpty()) {
            return OptionalDouble.empty();
        }
        Long before = usedBefore.put(pid, used.get().toNanos());
        return before == null || passedNanos <= 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(100.0 * (used.get().toNanos() - before) / passedNanos);
    }

    private static Grid<Row> grid(List<Row> rows) {
        Grid<Workers.StatusRow> status =
                WorkerGrids.status(rows.stream().map(Row::status).toList());
        List<Column<Row>> columns = new ArrayList<>(List.of(
                Column.integer("rank", "rank", row -> row.status().rank()),
                Column.text("role", "role", row -> row.status().role()),
                Column.identifier("pid", "process", row -> row.status().pid()),
                Column.text("device", "device", row -> row.status().device()),
                Column.text("state", "state", row -> row.status().state()),
                Column.text("last_action", "last action", row -> row.status().lastAction()),
                Column.optionalNumber("cpu_pct", "CPU % of a core", 0, Row::cpuPercent),
                Column.megabytes("rss_mb", "resident MB", row -> row.status().rssBytes()),
                Column.megabytes("heap_mb", "Java heap MB", row -> row.status().heapBytes()),
                Column.megabytes(
                        "limit_mb", "memory limit MB", row -> row.status().limitBytes()),
                Column.optionalText(
                        "last_error", "last error", row -> row.status().lastError())));
        return new Grid<>(status.caption(), columns, rows);
    }

    /** What was seen last. */
    synchronized Table table() {
        return latest.table();
    }

    @Override
    protected Content now() {
        return runs.isEmpty() ? Output.content(latest) : Content.table(latest).above(Content.line(runs));
    }

    /** The last look. */
    @Override
    protected Optional<Content> remains() {
        return Optional.of(now());
    }
}
