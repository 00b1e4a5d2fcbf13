package io.shardlab.magics.table;

import io.shardlab.magics.backend.Workers;
import io.shardlab.magics.view.Bars;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Grid;
import java.util.List;

/** The tables of workers: as they came up, as they are, what they wrote, how they ended. */
public final class WorkerGrids {

    /** Characters of a bar in a table. */
    private static final int BAR = 12;

    private WorkerGrids() {}

    public static Grid<Workers.WorkerRow> workers(Workers.Running workers) {
        return new Grid<>(
                workers.banner(),
                List.of(
                        Column.integer("rank", "rank", Workers.WorkerRow::rank),
                        Column.identifier("pid", "process", Workers.WorkerRow::pid),
                        Column.text("device", "device", Workers.WorkerRow::device),
                        Column.megabytes("limit_mb", "memory limit MB", Workers.WorkerRow::limitBytes),
                        Column.text("engine", "engine", Workers.WorkerRow::engine),
                        Column.number("ready_ms", "ready in ms", 0, Workers.WorkerRow::readyMillis)),
                workers.rows());
    }

    public static Grid<Workers.StatusRow> status(List<Workers.StatusRow> rows) {
        return new Grid<>(
                rows.isEmpty() ? "no workers; %shard up starts some" : "workers",
                List.of(
                        Column.integer("rank", "rank", Workers.StatusRow::rank),
                        Column.text("role", "role", Workers.StatusRow::role),
                        Column.identifier("pid", "process", Workers.StatusRow::pid),
                        Column.text("device", "device", Workers.StatusRow::device),
                        Column.text("state", "state", Workers.StatusRow::state),
                        Column.text("last_action", "last action", Workers.StatusRow::lastAction),
                        Column.megabytes("rss_mb", "resident MB", Workers.StatusRow::rssBytes),
                        Column.bar(
                                rows.stream().allMatch(row -> row.limitBytes().isPresent())
                                        ? "of the limit"
                                        : "of the largest",
                                BAR,
                                row -> resident(row, rows)),
                        Column.megabytes("heap_mb", "Java heap MB", Workers.StatusRow::heapBytes),
                        Column.megabytes("limit_mb", "memory limit MB", Workers.StatusRow::limitBytes),
                        Column.optionalText("last_error", "last error", Workers.StatusRow::lastError)),
                rows);
    }

    /** Resident memory as a share of the limit, else of the rank that holds most. */
    private static List<Bars.Part> resident(Workers.StatusRow row, List<Workers.StatusRow> rows) {
        if (row.rssBytes().isEmpty()) {
            return List.of();
        }
        long full = row.limitBytes()
                .orElse(rows.stream()
                        .mapToLong(other -> other.rssBytes().orElse(0))
                        .max()
                        .orElse(1));
        double share = (double) row.rssBytes().getAsLong() / Math.max(1, full);
        return row.limitBytes().isPresent() ? Bars.used(share) : Bars.plain(share);
    }

    public static Grid<Workers.LogLine> logs(List<Workers.LogLine> rows) {
        return new Grid<>(
                rows.isEmpty() ? "nothing was written" : "last lines of workers",
                List.of(
                        Column.integer("rank", "rank", Workers.LogLine::rank),
                        Column.text("line", "line", Workers.LogLine::line)),
                rows);
    }

    public static Grid<Workers.ExitRow> exits(List<Workers.ExitRow> rows) {
        return new Grid<>(
                rows.isEmpty() ? "no workers were running" : "workers stopped",
                List.of(
                        Column.integer("rank", "rank", Workers.ExitRow::rank),
                        Column.identifier("pid", "process", Workers.ExitRow::pid),
                        Column.text("device", "device", Workers.ExitRow::device),
                        Column.text("exit", "exit", Workers.ExitRow::exit)),
                rows);
    }
}
