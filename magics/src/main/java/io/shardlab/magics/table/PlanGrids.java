package io.shardlab.magics.table;

import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Figures;
import io.shardlab.magics.view.Grid;
import io.shardlab.trace.MemoryCategory;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;

/** The tables of models: those there are, what a plan asks of each rank, where the shards went. */
public final class PlanGrids {

    private PlanGrids() {}

    public static Grid<Plans.ModelRow> models(List<Plans.ModelRow> rows) {
        return new Grid<>(
                "presets and models of this notebook; a folder with config.json works too",
                List.of(
                        Column.text("name", "name", Plans.ModelRow::name),
                        Column.text("family", "family", Plans.ModelRow::family),
                        size("layers", "layers", Plans.DecoderSize::layers),
                        size("hidden", "hidden size", Plans.DecoderSize::hidden),
                        size("heads", "heads", Plans.DecoderSize::heads),
                        size("kv_heads", "KV heads", Plans.DecoderSize::kvHeads),
                        size("vocabulary", "vocabulary", Plans.DecoderSize::vocabulary),
                        size("longest", "longest sequence", Plans.DecoderSize::longest),
                        Column.whole("parameters", "parameters", Plans.ModelRow::parameters)),
                rows);
    }

    private static Column<Plans.ModelRow> size(String name, String heading, ToLongFunction<Plans.DecoderSize> measure) {
        return Column.whole(name, heading, row -> row.decoder()
                .map(size -> OptionalLong.of(measure.applyAsLong(size)))
                .orElse(OptionalLong.empty()));
    }

    public static Grid<Plans.PartRow> model(Plans.ModelOutcome outcome) {
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

    public static Grid<Plans.RankEstimate> estimate(Plans.Estimate estimate) {
        List<Column<Plans.RankEstimate>> columns = new ArrayList<>(List.of(
                Column.integer("rank", "rank", Plans.RankEstimate::rank),
                Column.text("role", "role", Plans.RankEstimate::role),
                Column.text("device", "device", Plans.RankEstimate::device),
                Column.text("layers", "layers", Plans.RankEstimate::layers),
                Column.whole("parameters", "parameters", row -> OptionalLong.of(row.parameters()))));
        for (MemoryCategory category : MemoryCategory.values()) {
            if (estimate.ranks().stream().anyMatch(row -> row.memory().bytes().containsKey(category))) {
                columns.add(MeasureGrids.category(category, Plans.RankEstimate::memory));
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
        columns.add(Column.text("sent_by", "of which", row -> MeasureGrids.byName(row.sentBytes())));
        columns.add(Column.megabytes("limit_mb", "memory limit MB", Plans.RankEstimate::limitBytes));
        columns.add(Column.text("fits", "fits", row -> row.fits() ? "yes" : "no"));
        return new Grid<>(estimate.plan().model() + " under " + estimate.plan().scheme(), columns, estimate.ranks());
    }

    /** The same of the ranks that do not fit alone. */
    public static Grid<Plans.RankEstimate> tooLarge(Plans.Estimate estimate) {
        Grid<Plans.RankEstimate> all = estimate(estimate);
        return new Grid<>(
                all.caption() + ": what does not fit",
                all.columns(),
                all.rows().stream().filter(row -> !row.fits()).toList());
    }

    public static Grid<Plans.PlacedRow> placed(Plans.PlaceOutcome outcome) {
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
}
