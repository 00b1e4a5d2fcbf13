package io.shardlab.magics.session;

import io.shardlab.magics.trial.LossCheck;
import io.shardlab.magics.trial.SchemeResult;
import io.shardlab.magics.trial.Standing;
import io.shardlab.magics.trial.Trial;
import io.shardlab.magics.view.Bars;
import io.shardlab.magics.view.Chart;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Figures;
import io.shardlab.magics.view.Grid;
import io.shardlab.magics.view.SchemesChart;
import io.shardlab.magics.view.StepPartsChart;
import io.shardlab.plan.Plan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Schemes that trained in turn on the same workers from the same weights. */
public final class Comparison extends Compared<Comparison> {

    private static final int BAR = 12;

    private final String conditions;
    private final Standing<SchemeResult> standing;
    private final Map<Integer, List<Double>> apartMillis;
    private final List<String> notes;

    /**
     * @param subject model, and what is simulated
     * @param conditions steps, runs and data in words
     * @param apartMillis by number of workers: the step of as many independent single runs at once, once per round
     * @param notes what else the user should know
     */
    Comparison(
            String subject,
            String conditions,
            List<SchemeResult> results,
            Map<Integer, List<Double>> apartMillis,
            List<String> notes) {
        super(subject);
        this.conditions = conditions;
        this.standing = new Standing<>(results);
        this.apartMillis = new TreeMap<>(apartMillis);
        this.notes = List.copyOf(notes);
    }

    @Override
    Comparison withNote(String note) {
        List<String> more = new ArrayList<>(notes);
        more.add(note);
        return new Comparison(subject(), conditions, standing.results(), apartMillis, more);
    }

    @Override
    Standing<SchemeResult> standing() {
        return standing;
    }

    List<SchemeResult> measured() {
        return standing.measured();
    }

    /** What throughput counts. */
    String unit() {
        return standing.results().stream()
                .findFirst()
                .map(result -> result.plan().unit())
                .orElse("tokens");
    }

    /** The naive split that a scheme is held against: of as many workers, else the first. */
    Optional<SchemeResult> naive(SchemeResult result) {
        List<SchemeResult> all =
                measured().stream().filter(one -> one.scheme().naive()).toList();
        return all.stream()
                .filter(one -> one.workers() == result.workers())
                .findFirst()
                .or(() -> all.stream().findFirst());
    }

    OptionalDouble speedupOverNaive(SchemeResult result) {
        return standing.over(result, naive(result));
    }

    /** The speed-up of as many independent single runs at once over one: what no scheme on so many workers should exceed. */
    OptionalDouble ceiling(int workers) {
        if (workers == 1) {
            return OptionalDouble.of(1);
        }
        List<Double> millis = apartMillis.getOrDefault(workers, List.of());
        Optional<SchemeResult> single = standing.single();
        return millis.isEmpty() || single.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(workers * single.get().stepMillis() / Trial.median(toArray(millis)));
    }

    private static double[] toArray(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /** The share of the ceiling that a scheme reaches. */
    OptionalDouble efficiency(SchemeResult result) {
        OptionalDouble speedup = standing.speedup(result);
        OptionalDouble ceiling = ceiling(result.workers());
        return speedup.isPresent() && ceiling.isPresent()
                ? OptionalDouble.of(speedup.getAsDouble() / ceiling.getAsDouble())
                : OptionalDouble.empty();
    }

    LossCheck losses(SchemeResult result) {
        return LossCheck.of(standing.reference(), result);
    }

    @Override
    public String sentence() {
        return new Explanation(this).sentence();
    }

    @Override
    Grid<SchemeResult> grid() {
        double most = standing.fastest().map(SchemeResult::tokensPerSecond).orElse(1.0);
        return new Grid<>(
                subject() + ": schemes compared, " + conditions,
                List.of(
                        Column.text("scheme", "scheme", row -> row.scheme().label()),
                        Column.integer("workers", "workers", SchemeResult::workers),
                        Column.number("step_ms", "step ms (median)", 1, SchemeResult::stepMillis),
                        Column.number("step_ms_low", "quickest run", 1, SchemeResult::low),
                        Column.number("step_ms_high", "slowest run", 1, SchemeResult::high),
                        Column.number("tokens_per_s", unit() + "/s", 0, SchemeResult::tokensPerSecond),
                        Column.bar("of the fastest", BAR, row -> Bars.plain(row.tokensPerSecond() / most)),
                        Column.optionalNumber("speedup", "× single", 2, standing::speedup),
                        Column.optionalNumber("speedup_naive", "× naive split", 2, this::speedupOverNaive),
                        Column.dataOnly(Column.optionalNumber(
                                "ceiling", "ceiling, × single", 2, row -> ceiling(row.workers()))),
                        Column.optionalNumber("efficiency", "share of ceiling", 2, this::efficiency),
                        Column.megabytes("peak_mb", "peak tensor MB per rank", SchemeResult::peakBytes),
                        Column.dataOnly(Column.megabytes(
                                "planned_peak_mb", "planned peak tensor MB", SchemeResult::plannedPeakBytes)),
                        Column.optionalNumber("bubble_pct", "bubble %", 1, SchemeResult::bubblePercent),
                        Column.dataOnly(Column.optionalNumber(
                                "predicted_bubble_pct", "predicted bubble %", 1, SchemeResult::predictedBubblePercent)),
                        Column.optionalNumber("comm_pct", "communication %", 1, SchemeResult::communicationPercent),
                        Column.optionalNumber(
                                "predicted_step_ms", "predicted step ms", 1, SchemeResult::predictedStepMillis),
                        Column.dataOnly(Column.integer(
                                "runs", "runs", row -> row.trials().size())),
                        Column.dataOnly(Column.optionalNumber("loss_first", "first loss", 6, row -> loss(row, 0))),
                        Column.dataOnly(Column.optionalNumber(
                                "loss_last",
                                "last loss",
                                6,
                                row -> loss(row, row.losses().size() - 1))),
                        Column.text("losses", "losses", row -> losses(row).verdict())),
                measured());
    }

    private static OptionalDouble loss(SchemeResult row, int index) {
        return index < 0 || index >= row.losses().size()
                ? OptionalDouble.empty()
                : OptionalDouble.of(row.losses().get(index));
    }

    @Override
    Optional<String> alarm() {
        List<String> wrong = measured().stream()
                .filter(result -> losses(result).differs())
                .map(result -> result.scheme() + " (" + losses(result).verdict() + ")")
                .toList();
        return wrong.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        "THE SCHEMES DO NOT COMPUTE THE SAME: the losses of " + String.join(", ", wrong)
                                + " differ by more than rounding, so their speeds say nothing; `%shard check` finds the tensor");
    }

    @Override
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        if (!measured().isEmpty()) {
            lines.add(sentence());
        }
        String ceilings = apartMillis.keySet().stream()
                .filter(workers -> ceiling(workers).isPresent())
                .map(workers -> workers + " independent single runs at once reach "
                        + Figures.decimal(ceiling(workers).getAsDouble(), 2) + " × the " + unit() + "/s of one")
                .collect(Collectors.joining("; "));
        if (!ceilings.isEmpty()) {
            boolean crowded = apartMillis.keySet().stream()
                    .anyMatch(workers -> ceiling(workers).orElse(workers) < 1);
            lines.add("Ceiling of this machine: " + ceilings + "."
                    + (crowded
                            ? " That is less than one alone: something else uses the cores, so measure again when the"
                                    + " machine is quiet."
                            : ""));
        }
        lines.addAll(notes);
        return lines;
    }

    @Override
    List<Chart> charts() {
        if (measured().isEmpty()) {
            return List.of();
        }
        List<SchemesChart.Bar> bars = new ArrayList<>();
        List<StepPartsChart.Stack> stacks = new ArrayList<>();
        for (SchemeResult result : measured()) {
            String label = result.scheme().label();
            Plan.Workload workload = result.plan().workload();
            OptionalDouble predicted = result.predictedStepMillis();
            bars.add(new SchemesChart.Bar(
                    label,
                    result.tokensPerSecond(),
                    result.trials().size() > 1 ? OptionalDouble.of(result.spread()) : OptionalDouble.empty(),
                    predicted.isPresent()
                            ? OptionalDouble.of(workload.tokens() * 1000 / predicted.getAsDouble())
                            : OptionalDouble.empty()));
            if (!result.causes().isEmpty()) {
                stacks.add(new StepPartsChart.Stack(label, result.causes()));
            }
        }
        return List.of(new SchemesChart(subject(), unit(), bars), new StepPartsChart(subject(), stacks));
    }
}
