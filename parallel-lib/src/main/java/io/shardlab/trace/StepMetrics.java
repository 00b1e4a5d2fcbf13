package io.shardlab.trace;

/** One line of {@code metrics.jsonl}, as JSON has it. {@code loss} is the mean cross-entropy over all targets of the step. */
public record StepMetrics(
        int step, double loss, double gradNorm, double learningRate, double stepMillis, double tokensPerSecond) {}
