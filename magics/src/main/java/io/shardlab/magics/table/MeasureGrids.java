package io.shardlab.magics.table;

import io.shardlab.magics.backend.Measures;
import io.shardlab.magics.view.Bars;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Figures;
import io.shardlab.magics.view.Grid;
import io.shardlab.magics.view.MemoryChart;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The tables of what was measured: memory by category, bytes from rank to rank. */
public final class MeasureGrids {

    /** Characters of a bar in a table. */
    private static final int BAR = 12;

    private MeasureGrids() {}

    public static Grid<Measures.MemoryRow> memory(String caption, List<Measures.MemoryRow> rows) {
        List<Column<Measures.MemoryRow>> columns = new ArrayList<>(List.of(
                Column.integer("rank", "rank", Measures.MemoryRow::rank),
                Column.text("role", "role", Measures.MemoryRow::role),
                Column.text("device", "device", Measures.MemoryRow::device)));
        for (MemoryCategory category : MemoryCategory.values()) {
            columns.add(
                    Column.coloured(category(category, Measures.MemoryRow::measured), MemoryChart.colour(category)));
        }
        columns.add(Column.megabytes(
                "total_mb", "total MB", row -> OptionalLong.of(row.measured().totalBytes())));
        columns.add(Column.bar("by category", BAR, row -> parts(row, widest(rows))));
        columns.add(Column.megabytes("planned_mb", "planned MB", row -> row.planned()
                .map(use -> OptionalLong.of(use.totalBytes()))
                .orElse(OptionalLong.empty())));
        columns.add(Column.megabytes("limit_mb", "memory limit MB", Measures.MemoryRow::limitBytes));
        return new Grid<>(caption, columns, rows);
    }

    static <R> Column<R> category(MemoryCategory category, Function<R, MemoryUse> use) {
        String word = word(category);
        String heading = word.equals("kv") ? "KV cache MB" : word.equals("comm") ? "communication MB" : word + " MB";
        return Column.megabytes(word + "_mb", heading, row -> {
            Long bytes = use.apply(row).bytes().get(category);
            return bytes == null ? OptionalLong.empty() : OptionalLong.of(bytes);
        });
    }

    private static String word(MemoryCategory category) {
        return switch (category) {
            case WEIGHTS -> "weights";
            case GRADIENTS -> "gradients";
            case OPTIMIZER -> "optimizer";
            case ACTIVATIONS -> "activations";
            case COMMUNICATION -> "comm";
            case KV_CACHE -> "kv";
            case HEAP -> "heap";
            case OTHER -> "other";
        };
    }

    /** What a full bar stands for: the limit where there is one, else the rank that holds most. */
    private static long widest(List<Measures.MemoryRow> rows) {
        return rows.stream()
                .mapToLong(row ->
                        Math.max(row.limitBytes().orElse(0), row.measured().totalBytes()))
                .max()
                .orElse(1);
    }

    private static List<Bars.Part> parts(Measures.MemoryRow row, long full) {
        return Arrays.stream(MemoryCategory.values())
                .filter(category -> row.measured().bytes().containsKey(category))
                .map(category -> new Bars.Part(
                        MemoryChart.colour(category),
                        (double) row.measured().bytes().getOrDefault(category, 0L) / Math.max(1, full)))
                .toList();
    }

    /** One row per sender, one column per receiver. */
    public static Grid<Measures.TrafficRow> traffic(String caption, List<Measures.TrafficRow> rows) {
        List<Column<Measures.TrafficRow>> columns = new ArrayList<>(List.of(
                Column.integer("rank", "from rank", Measures.TrafficRow::rank),
                Column.text("role", "role", Measures.TrafficRow::role)));
        for (int rank = 0; rank < rows.size(); rank++) {
            int to = rank;
            columns.add(Column.megabytes(
                    "to_" + to + "_mb",
                    "to " + to + " MB",
                    row -> row.rank() == to
                            ? OptionalLong.empty()
                            : OptionalLong.of(row.bytesTo().get(to))));
        }
        columns.add(Column.megabytes(
                "sent_mb",
                "sent MB",
                row -> OptionalLong.of(
                        row.bytesTo().stream().mapToLong(Long::longValue).sum())));
        columns.add(Column.text("sent_by", "of which", row -> byName(row.byCollective())));
        return new Grid<>(caption, columns, rows);
    }

    static String byName(Map<String, Long> bytes) {
        return new TreeMap<>(bytes)
                .entrySet().stream()
                        .map(entry -> entry.getKey() + " " + Figures.bytes(entry.getValue()))
                        .collect(Collectors.joining(", "));
    }
}
