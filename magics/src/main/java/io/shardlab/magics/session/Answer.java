package io.shardlab.magics.session;

import io.shardlab.magics.backend.Measures;
import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.table.MeasureGrids;
import io.shardlab.magics.trial.Quantile;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Grid;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import tech.tablesaw.api.Table;

/** A continued prompt: data for cells. */
public final class Answer {

    private final String prompt;
    private final int promptTokens;
    private final String text;
    private final String scheme;
    private final Runs.InferOutcome outcome;

    Answer(String prompt, int promptTokens, String text, String scheme, Runs.InferOutcome outcome) {
        this.prompt = prompt;
        this.promptTokens = promptTokens;
        this.text = text;
        this.scheme = scheme;
        this.outcome = outcome;
    }

    public String prompt() {
        return prompt;
    }

    /** What the model added. */
    public String text() {
        return text;
    }

    public List<Integer> tokens() {
        return outcome.tokens();
    }

    /** Speeds, one row. */
    public Table table() {
        return speeds().table();
    }

    /** One row per rank. */
    public Table memory() {
        return memoryGrid().table();
    }

    Grid<Measures.MemoryRow> memoryGrid() {
        return MeasureGrids.memory("memory, high-water marks of the generation", outcome.memory());
    }

    Grid<Answer> speeds() {
        return new Grid<>(
                "generation",
                List.of(
                        Column.text("scheme", "scheme", answer -> answer.scheme),
                        Column.integer("prompt_tokens", "prompt tokens", answer -> answer.promptTokens),
                        Column.integer("new_tokens", "new tokens", answer -> answer.tokens()
                                .size()),
                        Column.number(
                                "ttft_ms", "first token after ms", 1, answer -> answer.outcome.firstTokenMillis()),
                        Column.optionalNumber("prefill_tokens_per_s", "prefill tokens/s", 0, Answer::prefillRate),
                        Column.optionalNumber("decode_tokens_per_s", "decode tokens/s", 1, Answer::decodeRate),
                        Column.optionalNumber("latency_ms_p50", "token ms (median)", 1, answer -> answer.latency(0.5)),
                        Column.optionalNumber("latency_ms_p95", "token ms (p95)", 1, answer -> answer.latency(0.95))),
                List.of(this));
    }

    private OptionalDouble prefillRate() {
        double millis = outcome.firstTokenMillis();
        return millis > 0 ? OptionalDouble.of(promptTokens * 1000 / millis) : OptionalDouble.empty();
    }

    private DoubleStream later() {
        return outcome.tokenMillis().stream().skip(1).mapToDouble(Double::doubleValue);
    }

    private OptionalDouble decodeRate() {
        double millis = later().sum();
        return millis > 0 ? OptionalDouble.of(later().count() * 1000 / millis) : OptionalDouble.empty();
    }

    private OptionalDouble latency(double quantile) {
        return Quantile.of(quantile, later());
    }

    @Override
    public String toString() {
        return outcome.tokens().size() + " tokens";
    }
}
