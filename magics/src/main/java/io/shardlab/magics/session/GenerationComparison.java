package io.shardlab.magics.session;

import io.shardlab.magics.trial.GenerationResult;
import io.shardlab.magics.trial.Standing;
import io.shardlab.magics.view.Bars;
import io.shardlab.magics.view.Chart;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Figures;
import io.shardlab.magics.view.Grid;
import io.shardlab.magics.view.SchemesChart;
import io.shardlab.magics.view.StepPartsChart;
import io.shardlab.magics.view.StepPartsChart.Cause;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Schemes that continued the same prompt from the same weights in turn: {@code compare --infer}. */
public final class GenerationComparison extends Compared<GenerationComparison> {

    private static final int BAR = 12;

    private final String conditions;
    private final Standing<GenerationResult> standing;
    private final List<String> notes;

    /**
     * @param subject model, and what is simulated
     * @param conditions prompt, tokens and runs in words
     */
    GenerationComparison(String subject, String conditions, List<GenerationResult> results, List<String> notes) {
        super(subject);
        this.conditions = conditions;
        this.standing = new Standing<>(results);
        this.notes = List.copyOf(notes);
    }

    @Override
    GenerationComparison withNote(String note) {
        List<String> more = new ArrayList<>(notes);
        more.add(note);
        return new GenerationComparison(subject(), conditions, standing.results(), more);
    }

    @Override
    Standing<GenerationResult> standing() {
        return standing;
    }

    List<GenerationResult> measured() {
        return standing.measured();
    }

    @Override
    Grid<GenerationResult> grid() {
        double most = standing.fastest().map(GenerationResult::tokensPerSecond).orElse(1.0);
        return new Grid<>(
                subject() + ": generation compared, " + conditions,
                List.of(
                        Column.text("scheme", "scheme", row -> row.scheme().label()),
                        Column.integer("workers", "workers", GenerationResult::workers),
                        Column.number("tokens_per_s", "tokens/s (median)", 1, GenerationResult::tokensPerSecond),
                        Column.number("tokens_per_s_low", "slowest run", 1, GenerationResult::low),
                        Column.number("tokens_per_s_high", "quickest run", 1, GenerationResult::high),
                        Column.bar("of the fastest", BAR, row -> Bars.plain(row.tokensPerSecond() / most)),
                        Column.optionalNumber("speedup", "× single", 2, standing::speedup),
                        Column.number("ttft_ms", "first token after ms", 2, GenerationResult::firstMillis),
                        Column.number("token_ms", "ms per later token", 2, GenerationResult::tokenMillis),
                        Column.megabytes("peak_mb", "peak tensor MB per rank", GenerationResult::peakBytes),
                        Column.number("comm_pct", "communication %", 1, row -> row.percent(Cause.COMMUNICATION)),
                        Column.number("wait_pct", "waiting for others %", 1, row -> row.percent(Cause.IDLE)),
                        Column.dataOnly(Column.integer(
                                "runs", "runs", row -> row.trials().size())),
                        Column.text("tokens", "tokens", row -> row.verdict(standing.reference()))),
                measured());
    }

    @Override
    Optional<String> alarm() {
        List<String> wrong = measured().stream()
                .filter(result -> result.differs(standing.reference()))
                .map(result -> result.scheme() + " (" + result.verdict(standing.reference()) + ")")
                .toList();
        return wrong.isEmpty()
                ? Optional.empty()
                : Optional.of("THE SCHEMES DO NOT SAY THE SAME: " + String.join(", ", wrong)
                        + "; `%shard check` tells rounding between two equally likely tokens from a bug");
    }

    @Override
    public String sentence() {
        Optional<GenerationResult> found = standing.fastest();
        if (found.isEmpty()) {
            return "Nothing was measured.";
        }
        GenerationResult winner = found.get();
        Optional<GenerationResult> next = standing.fastestBeside(winner);
        if (next.isEmpty()) {
            return winner.scheme() + " alone was measured: a token takes " + winner.token() + ".";
        }
        GenerationResult second = next.get();
        String head = winner.scheme() + " is fastest with " + Figures.decimal(winner.tokensPerSecond(), 1) + " tokens/s"
                + (winner.low() > second.high() ? "" : " (within the spread of " + second.scheme() + ")");
        if (winner.workers() > 1) {
            OptionalDouble overSingle = standing.speedup(winner);
            return head
                    + (overSingle.isPresent() ? ", " + Figures.decimal(overSingle.getAsDouble(), 2) + " × single" : "")
                    + ": a token takes " + winner.token() + ", that of " + second.scheme() + " " + second.token()
                    + ".";
        }
        return head + "; the best split, " + second.scheme() + ", reaches "
                + Figures.decimal(second.tokensPerSecond() / winner.tokensPerSecond(), 2)
                + " × of it: the computing of a rank goes from "
                + Figures.decimal(winner.causes().getOrDefault(Cause.COMPUTE, 0.0), 2) + " to "
                + Figures.decimal(second.causes().getOrDefault(Cause.COMPUTE, 0.0), 2) + " ms, and a token takes "
                + second.token() + ".";
    }

    @Override
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        if (!isEmpty()) {
            lines.add(sentence());
        }
        lines.addAll(notes);
        return lines;
    }

    @Override
    List<Chart> charts() {
        if (isEmpty()) {
            return List.of();
        }
        List<SchemesChart.Bar> bars = new ArrayList<>();
        List<StepPartsChart.Stack> stacks = new ArrayList<>();
        for (GenerationResult result : measured()) {
            String label = result.scheme().label();
            bars.add(new SchemesChart.Bar(
                    label,
                    result.tokensPerSecond(),
                    result.trials().size() > 1
                            ? OptionalDouble.of((result.high() - result.low()) / 2)
                            : OptionalDouble.empty(),
                    OptionalDouble.empty()));
            stacks.add(new StepPartsChart.Stack(label, result.causes()));
        }
        return List.of(
                new SchemesChart(subject() + ", generation", "tokens", bars),
                StepPartsChart.ofTokens(subject(), stacks));
    }
}
