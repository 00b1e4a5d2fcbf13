package io.shardlab.magics.session;

import io.shardlab.magics.view.Bars;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Figures;
import io.shardlab.magics.view.Grid;
import io.shardlab.magics.view.MemoryChart;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Every table of the language: promised names for cells, words with units for people. */
final class Grids {

    /** Characters of a bar in a table. */
    private static final int BAR = 12;

    private Grids() {}

    static Grid<Workers.WorkerRow> workers(Workers.Running workers) {
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

    static Grid<Workers.ExitRow> exits(List<Workers.ExitRow> rows) {
        return new Grid<>(
                rows.isEmpty() ? "no workers were running" : "workers stopped",
                List.of(
                        Column.integer("rank", "rank", Workers.ExitRow::rank),
                        Column.identifier("pid", "process", Workers.ExitRow::pid),
                        Column.text("device", "device", Workers.ExitRow::device),
                        Column.text("exit", "exit", Workers.ExitRow::exit)),
                rows);
    }

    static Grid<Workers.StatusRow> status(List<Workers.StatusRow> rows) {
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

    static Grid<Diagnosis.DeviceRow> devices(List<Diagnosis.DeviceRow> rows) {
        return new Grid<>(
                "devices of this machine",
                List.of(
                        Column.text("device", "device", Diagnosis.DeviceRow::device),
                        Column.text("name", "name", Diagnosis.DeviceRow::name),
                        Column.whole(
                                "cores",
                                "cores",
                                row -> row.cores().isPresent()
                                        ? OptionalLong.of(row.cores().getAsInt())
                                        : OptionalLong.empty()),
                        Column.megabytes("memory_mb", "memory MB", Diagnosis.DeviceRow::memoryBytes),
                        Column.text("visible", "usable", row -> row.visible() ? "yes" : "no"),
                        Column.text("note", "note", Diagnosis.DeviceRow::note)),
                rows);
    }

    static Grid<Plans.ModelRow> models(List<Plans.ModelRow> rows) {
        return new Grid<>(
                "presets; a folder with config.json works too",
                List.of(
                        Column.text("name", "name", Plans.ModelRow::name),
                        Column.text("family", "family", Plans.ModelRow::family),
                        Column.integer("layers", "layers", Plans.ModelRow::layers),
                        Column.whole("hidden", "hidden size", row -> OptionalLong.of(row.hidden())),
                        Column.integer("heads", "heads", Plans.ModelRow::heads),
                        Column.integer("kv_heads", "KV heads", Plans.ModelRow::kvHeads),
                        Column.integer("vocabulary", "vocabulary", Plans.ModelRow::vocabulary),
                        Column.integer("longest", "longest sequence", Plans.ModelRow::longest),
                        Column.whole("parameters", "parameters", row -> OptionalLong.of(row.parameters()))),
                rows);
    }

    static Grid<Diagnosis.DoctorRow> doctor(List<Diagnosis.DoctorRow> rows) {
        long ill = rows.stream().filter(row -> !row.healthy()).count();
        return new Grid<>(
                ill == 0 ? "all is well" : ill + " of " + rows.size() + " need attention",
                List.of(
                        Column.text("subject", "subject", Diagnosis.DoctorRow::subject),
                        Column.text("finding", "found", Diagnosis.DoctorRow::finding),
                        Column.text("healthy", "healthy", row -> row.healthy() ? "yes" : "no"),
                        Column.text("advice", "advice", Diagnosis.DoctorRow::advice)),
                rows);
    }

    static Grid<Workers.LogLine> logs(List<Workers.LogLine> rows) {
        return new Grid<>(
                rows.isEmpty() ? "nothing was written" : "last lines of workers",
                List.of(
                        Column.integer("rank", "rank", Workers.LogLine::rank),
                        Column.text("line", "line", Workers.LogLine::line)),
                rows);
    }

    static Grid<Corpus.Listed> corpora(List<Corpus.Listed> rows) {
        return new Grid<>(
                "what --data can name",
                List.of(
                        Column.text("name", "name", Corpus.Listed::name),
                        Column.text("kind", "kind", Corpus.Listed::kind),
                        Column.whole("tokens", "tokens", Corpus.Listed::tokens),
                        Column.text("note", "note", Corpus.Listed::note)),
                rows);
    }

    static Grid<Plans.RankEstimate> estimate(Plans.Estimate estimate) {
        List<Column<Plans.RankEstimate>> columns = new java.util.ArrayList<>(List.of(
                Column.integer("rank", "rank", Plans.RankEstimate::rank),
                Column.text("role", "role", Plans.RankEstimate::role),
                Column.text("device", "device", Plans.RankEstimate::device),
                Column.text("layers", "layers", Plans.RankEstimate::layers),
                Column.whole("parameters", "parameters", row -> OptionalLong.of(row.parameters()))));
        for (MemoryCategory category : MemoryCategory.values()) {
            if (estimate.ranks().stream().anyMatch(row -> row.memory().bytes().containsKey(category))) {
                columns.add(category(category, Plans.RankEstimate::memory));
            }
        }
        columns.add(Column.megabytes(
                "total_mb", "total MB", row -> OptionalLong.of(row.memory().totalBytes())));
        columns.add(Column.megabytes(
                "sent_mb",
                "sent MB per step",
                row -> OptionalLong.of(row.sentBytes().values().stream()
                        .mapToLong(Long::longValue)
                        .sum())));
        columns.add(Column.text("sent_by", "of which", Grids::sent));
        columns.add(Column.megabytes("limit_mb", "memory limit MB", Plans.RankEstimate::limitBytes));
        columns.add(Column.text("fits", "fits", row -> row.fits() ? "yes" : "no"));
        return new Grid<>(estimate.plan().model() + " under " + estimate.plan().scheme(), columns, estimate.ranks());
    }

    private static String sent(Plans.RankEstimate row) {
        return byName(row.sentBytes());
    }

    private static String byName(Map<String, Long> bytes) {
        return new TreeMap<>(bytes)
                .entrySet().stream()
                        .map(entry -> entry.getKey() + " " + Figures.bytes(entry.getValue()))
                        .collect(Collectors.joining(", "));
    }

    private static <R> Column<R> category(MemoryCategory category, Function<R, MemoryUse> use) {
        String word = word(category);
        String heading = word.equals("kv") ? "KV cache MB" : word.equals("comm") ? "communication MB" : word + " MB";
        return Column.megabytes(word + "_mb", heading, row -> {
            Long bytes = use.apply(row).bytes().get(category);
            return bytes == null ? OptionalLong.empty() : OptionalLong.of(bytes);
        });
    }

    /** The category in names of columns and fields. */
    static String word(MemoryCategory category) {
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

    static Grid<Plans.PartRow> model(Plans.ModelOutcome outcome) {
        return new Grid<>(
                outcome.name() + ", trained by " + outcome.loss(),
                List.of(
                        Column.integer("part", "part", Plans.PartRow::part),
                        Column.text("children", "children", Plans.PartRow::children),
                        Column.text("input", "sample in", Plans.PartRow::input),
                        Column.text("output", "sample out", Plans.PartRow::output),
                        Column.whole("parameters", "parameters", row -> OptionalLong.of(row.parameters())),
                        Column.number("cost_pct", "forward time %", 0, Plans.PartRow::costPercent)),
                outcome.rows());
    }

    static Grid<Plans.PlacedRow> placed(Plans.PlaceOutcome outcome) {
        return new Grid<>(
                outcome.plan().model() + " placed under " + outcome.plan().scheme() + " in "
                        + Figures.decimal(outcome.millis(), 0) + " ms",
                List.of(
                        Column.integer("rank", "rank", Plans.PlacedRow::rank),
                        Column.text("role", "role", Plans.PlacedRow::role),
                        Column.text("device", "device", Plans.PlacedRow::device),
                        Column.text("layers", "layers", Plans.PlacedRow::layers),
                        Column.text("cut", "rows or columns", Plans.PlacedRow::cut),
                        Column.whole("parameters", "parameters", row -> OptionalLong.of(row.parameters())),
                        Column.megabytes("planned_mb", "planned MB", Plans.PlacedRow::plannedBytes),
                        Column.megabytes("measured_mb", "measured MB", Plans.PlacedRow::measuredBytes)),
                outcome.rows());
    }

    static Grid<Checkpointing.FileRow> files(Filed filed) {
        return new Grid<>(
                filed.toString(),
                List.of(
                        Column.text("file", "file", Checkpointing.FileRow::file),
                        Column.megabytes("size_mb", "size MB", row -> OptionalLong.of(row.bytes())),
                        Column.number("seconds", "seconds", 3, Checkpointing.FileRow::seconds),
                        Column.number(
                                "mb_per_s", "MB/s", 0, row -> row.bytes() / 1048576.0 / Math.max(row.seconds(), 1e-9))),
                filed.outcome().rows());
    }

    static Grid<Measures.MemoryRow> memory(String caption, List<Measures.MemoryRow> rows) {
        List<Column<Measures.MemoryRow>> columns = new java.util.ArrayList<>(List.of(
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

    /** One row per sender, one column per receiver. */
    static Grid<Measures.TrafficRow> traffic(String caption, List<Measures.TrafficRow> rows) {
        List<Column<Measures.TrafficRow>> columns = new java.util.ArrayList<>(List.of(
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

    static Grid<StepMetrics> steps(List<StepMetrics> metrics) {
        return new Grid<>(
                "steps",
                List.of(
                        Column.integer("step", "step", StepMetrics::step),
                        Column.number("loss", "loss", 4, StepMetrics::loss),
                        Column.number("grad_norm", "gradient norm", 4, StepMetrics::gradNorm),
                        Column.number("learning_rate", "learning rate", 6, StepMetrics::learningRate),
                        Column.number("step_ms", "step ms", 1, StepMetrics::stepMillis),
                        Column.number("tokens_per_s", "tokens/s", 0, StepMetrics::tokensPerSecond)),
                metrics);
    }

    static Grid<Runs.CheckRow> check(Runs.CheckOutcome outcome) {
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
                                "float64_max_rel", "relative in float64", 12, Runs.CheckRow::float64Relative),
                        Column.text("verdict", "verdict", Runs.CheckRow::verdict)),
                outcome.rows());
    }
}
