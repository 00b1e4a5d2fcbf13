package io.shardlab.trace;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.shardlab.plan.Json;
import java.io.UncheckedIOException;

/** One line of {@code metrics.jsonl}. {@code loss} is the mean cross-entropy over all targets of the step. */
public record StepMetrics(
        int step, double loss, double gradNorm, double learningRate, double stepMillis, double tokensPerSecond) {

    /** The line, without its end; doubles in full precision. */
    public String toJsonLine() {
        try {
            return Json.mapper().writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads what {@link #toJsonLine} writes. */
    public static StepMetrics parseJsonLine(String line) {
        try {
            return Json.mapper().readValue(line, StepMetrics.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not a line of metrics.jsonl: " + e.getOriginalMessage(), e);
        }
    }
}
