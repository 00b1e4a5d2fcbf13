package io.shardlab.magics.session;

import io.shardlab.cost.Simulator;
import io.shardlab.cost.StageCosts;
import io.shardlab.magics.backend.Schedules;
import io.shardlab.magics.command.ScheduleOptions;
import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Figures;
import io.shardlab.magics.view.Grid;
import io.shardlab.magics.view.ScheduleChart;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Schedule;
import io.shardlab.plan.Words;
import io.shardlab.schedule.GivenSchedule;
import io.shardlab.schedule.Lowering;
import io.shardlab.schedule.ScheduleCheck;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.trace.Timeline;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import tech.tablesaw.api.Table;

/** A schedule on paper: F, I and W take one unit of time on every stage, B two, messages none. Data for cells. */
public final class ScheduleView {

    private static final int RANKS = 4;

    /** One rank of a schedule; {@code held} counts micro-batches of all its stages, so it may have fractions. */
    private record RankRow(int rank, int passes, long busy, long idle, double held) {}

    private final Schedule schedule;
    private final int chunks;
    private final boolean own;
    private final Timeline timeline;

    private ScheduleView(Schedule schedule, int chunks, boolean own) {
        this.schedule = schedule;
        this.chunks = chunks;
        this.own = own;
        timeline = Simulator.simulate(
                schedule,
                StageCosts.of(Collections.nCopies(schedule.numStages(), new StageCosts.PassNanos(1, 1, 1)), 0));
    }

    /** What is not said is as in the placed plan, if that is a pipeline. */
    static ScheduleView of(ScheduleOptions options, Schedules schedules, Optional<Plan> placed) {
        schedules.require(options.name());
        Optional<GivenSchedule> own = schedules.own(options.name());
        Optional<Plan> pipeline = placed.filter(plan -> plan.scheme().pipeline() > 1);
        int chunks = options.chunks()
                .orElse(own.map(GivenSchedule::chunks).orElse(options.name().equals("interleaved") ? 2 : 1));
        int ranks = options.pipeline()
                .orElse(own.map(given -> given.written().numRanks())
                        .or(() -> pipeline.map(plan -> plan.scheme().pipeline()))
                        .orElse(RANKS));
        int microbatches = options.microbatches()
                .orElse(own.map(given -> given.written().numMicrobatches())
                        .or(() -> pipeline.filter(plan -> options.pipeline().isEmpty())
                                .map(plan -> plan.workload().microbatches()))
                        .orElse(2 * ranks));
        ScheduleRule rule = schedules.rule(options.name(), chunks);
        Schedule full = ScheduleCheck.check(Lowering.complete(rule.schedule(ranks, microbatches), 1));
        return new ScheduleView(full, chunks, own.isPresent());
    }

    /** With sends and receives. */
    public Schedule schedule() {
        return schedule;
    }

    /** In units of time. */
    public Timeline timeline() {
        return timeline;
    }

    /** The idle share of all ranks. */
    public double bubblePercent() {
        return 100 * timeline.bubbleShare();
    }

    /** The most micro-batches that a rank holds at once, counted in whole ones. */
    public double peakMicrobatches(int rank) {
        return (double) schedule.peakOnRank(rank, stage -> 1) / chunks;
    }

    /** The schedule in the notation of actions: what {@code %%shard schedule} reads. */
    public String text() {
        return schedule.text();
    }

    /** One row per rank. */
    public Table table() {
        return grid().table();
    }

    ScheduleChart chart() {
        return new ScheduleChart(schedule, timeline);
    }

    /** What can be said in a few words. */
    List<String> lines() {
        double most = IntStream.range(0, schedule.numRanks())
                .mapToDouble(this::peakMicrobatches)
                .max()
                .orElse(0);
        List<String> lines = new ArrayList<>();
        lines.add(schedule.name() + ": " + Words.counted(schedule.numRanks(), "rank") + ", "
                + (chunks > 1 ? chunks + " stages each, " : "")
                + Words.counted(schedule.numMicrobatches(), "micro-batch") + " in "
                + timeline.passWindowNanos() + " units of time; bubble " + Figures.decimal(bubblePercent(), 1)
                + " %, at most " + Figures.decimal(most, chunks > 1 ? 1 : 0) + " micro-batches held by a rank");
        if (own) {
            lines.add("use it with --pp " + schedule.numRanks() + " --microbatches " + schedule.numMicrobatches()
                    + " --schedule " + schedule.name());
        }
        if (!schedule.sumsInOrder()) {
            lines.add(
                    "weight gradients are not added up in micro-batch order: results equal a single device's to rounding,"
                            + " not bit for bit");
        }
        return lines;
    }

    Grid<?> grid() {
        List<RankRow> rows = IntStream.range(0, schedule.numRanks())
                .mapToObj(rank -> new RankRow(
                        rank,
                        (int) timeline.ofRank(rank).stream()
                                .filter(span -> span.kind().isPass())
                                .count(),
                        timeline.passNanos(rank),
                        timeline.passWindowNanos() - timeline.passNanos(rank),
                        peakMicrobatches(rank)))
                .toList();
        return new Grid<>(
                "schedule " + schedule.name(),
                List.of(
                        Column.integer("rank", "pipeline rank", RankRow::rank),
                        Column.integer("passes", "passes", RankRow::passes),
                        Column.number("busy_units", "busy units", 0, RankRow::busy),
                        Column.number("idle_units", "idle units", 0, RankRow::idle),
                        Column.number(
                                "peak_microbatches", "most micro-batches held", chunks > 1 ? 1 : 0, RankRow::held)),
                rows);
    }

    Content content() {
        return Content.lines(lines()).above(Content.table(grid()));
    }

    @Override
    public String toString() {
        return lines().get(0);
    }
}
