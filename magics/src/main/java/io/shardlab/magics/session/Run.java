package io.shardlab.magics.session;

import io.shardlab.magics.backend.Measures;
import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.home.Corpus;
import io.shardlab.magics.table.MeasureGrids;
import io.shardlab.magics.trial.Quantile;
import io.shardlab.magics.view.Chart;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Figures;
import io.shardlab.magics.view.Grid;
import io.shardlab.magics.view.MemoryChart;
import io.shardlab.magics.view.StepsChart;
import io.shardlab.plan.Plan;
import io.shardlab.trace.StepMetrics;
import io.shardlab.trace.Timeline;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import tech.tablesaw.api.Table;

/** A training run that ended: data for cells. */
public final class Run {

    private final Runs.TrainOutcome outcome;
    private final Path folder;

    Run(Runs.TrainOutcome outcome, Path folder) {
        this.outcome = outcome;
        this.folder = folder;
    }

    Runs.TrainOutcome outcome() {
        return outcome;
    }

    /** Throughput, one row: scheme, workers, steps, step_ms, … */
    public Table table() {
        return throughput().table();
    }

    /** One row per step. */
    public Table metrics() {
        return stepsGrid().table();
    }

    private Grid<StepMetrics> stepsGrid() {
        return new Grid<>(
                "steps",
                List.of(
                        Column.integer("step", "step", StepMetrics::step),
                        Column.number("loss", "loss", 4, StepMetrics::loss),
                        Column.number("grad_norm", "gradient norm", 4, StepMetrics::gradNorm),
                        Column.number("learning_rate", "learning rate", 6, StepMetrics::learningRate),
                        Column.number("step_ms", "step ms", 1, StepMetrics::stepMillis),
                        Column.number("tokens_per_s", plan().unit() + "/s", 0, StepMetrics::tokensPerSecond)),
                outcome.metrics());
    }

    /** One row per rank. */
    public Table memory() {
        return memoryGrid().table();
    }

    /** The loss of each step, from step 0. */
    public double[] loss() {
        return outcome.metrics().stream().mapToDouble(StepMetrics::loss).toArray();
    }

    /** What ran. */
    public Plan plan() {
        return outcome.plan();
    }

    /** The last step, measured. */
    public Timeline timeline() {
        return outcome.timeline();
    }

    /** Where its files are. */
    public Path folder() {
        return folder;
    }

    Grid<Measures.MemoryRow> memoryGrid() {
        return MeasureGrids.memory("memory, high-water marks of the run", outcome.memory());
    }

    /** What ran, with what was only simulated. */
    String subject() {
        Object link = outcome.environment().get("link");
        return outcome.plan().model() + (link == null ? "" : ", " + link);
    }

    Grid<Run> throughput() {
        return new Grid<>(
                subject() + ": throughput"
                        + Corpus.unusedTokenizer(plan().model())
                                .map(note -> " (" + note + ")")
                                .orElse(""),
                List.of(
                        Column.text(
                                "scheme", "scheme", run -> run.plan().scheme().toString()),
                        Column.integer(
                                "workers", "workers", run -> run.plan().scheme().numRanks()),
                        Column.integer("steps", "steps", run -> run.outcome.stepsDone()),
                        Column.optionalNumber("step_ms", "step ms (median)", 1, run -> run.stepMillis(0.5)),
                        Column.optionalNumber("step_ms_p95", "step ms (p95)", 1, run -> run.stepMillis(0.95)),
                        Column.optionalNumber("tokens_per_s", plan().unit() + "/s", 0, Run::tokensPerSecond),
                        Column.optionalNumber("bubble_pct", "bubble %", 1, run -> run.outcome.bubblePercent()),
                        Column.optionalNumber(
                                "comm_pct", "communication %", 1, run -> run.outcome.communicationPercent()),
                        Column.optionalNumber("loss_first", "first loss", 4, run -> run.lossAt(0)),
                        Column.optionalNumber(
                                "loss_last",
                                "last loss",
                                4,
                                run -> run.lossAt(run.outcome.metrics().size() - 1))),
                List.of(this));
    }

    List<Chart> charts() {
        String title = subject() + " under " + plan().scheme();
        List<Chart> charts = new ArrayList<>();
        if (!outcome.metrics().isEmpty()) {
            charts.add(StepsChart.loss(title, plan().lossFunction(), outcome.metrics()));
            charts.add(StepsChart.throughput(title, plan().unit(), outcome.metrics()));
        }
        charts.add(new MemoryChart(
                title,
                outcome.memory().stream().map(Measures.MemoryRow::measured).toList()));
        return charts;
    }

    private OptionalDouble lossAt(int index) {
        List<StepMetrics> metrics = outcome.metrics();
        return index < 0 || index >= metrics.size()
                ? OptionalDouble.empty()
                : OptionalDouble.of(metrics.get(index).loss());
    }

    /** A quantile of the steps' durations. */
    OptionalDouble stepMillis(double quantile) {
        return Quantile.of(quantile, outcome.metrics().stream().mapToDouble(StepMetrics::stepMillis));
    }

    /** Tokens of a step over its median duration. */
    OptionalDouble tokensPerSecond() {
        OptionalDouble median = stepMillis(0.5);
        return median.isPresent() && median.getAsDouble() > 0
                ? OptionalDouble.of(outcome.plan().workload().tokens() * 1000 / median.getAsDouble())
                : OptionalDouble.empty();
    }

    @Override
    public String toString() {
        OptionalDouble loss = lossAt(outcome.metrics().size() - 1);
        return "run of " + outcome.stepsDone() + " steps, "
                + (loss.isPresent() ? "loss " + Figures.decimal(loss.getAsDouble(), 4) + ", " : "") + folder;
    }
}
