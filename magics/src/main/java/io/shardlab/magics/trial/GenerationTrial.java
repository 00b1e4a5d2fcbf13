package io.shardlab.magics.trial;

import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.view.StepPartsChart.Cause;
import java.util.List;
import java.util.Map;

/**
 * One continuation of the prompt under one scheme of a comparison.
 *
 * @param tokenMillis of each token, the first one included
 * @param peakBytes of tensors on the rank that held most
 * @param causes where the time of a token went, the mean of tokens and ranks in milliseconds
 */
public record GenerationTrial(
        List<Integer> tokens, List<Double> tokenMillis, long peakBytes, Map<Cause, Double> causes) {

    public GenerationTrial {
        tokens = List.copyOf(tokens);
        tokenMillis = List.copyOf(tokenMillis);
        causes = Map.copyOf(causes);
    }

    public static GenerationTrial of(Runs.InferOutcome outcome) {
        Runs.TokenTime time = outcome.time();
        return new GenerationTrial(
                outcome.tokens(),
                outcome.tokenMillis(),
                outcome.memory().stream()
                        .mapToLong(row -> Trial.tensorBytes(row.measured()))
                        .max()
                        .orElse(0),
                Map.of(
                        Cause.COMPUTE, time.computeMillis(),
                        Cause.COMMUNICATION, time.communicationMillis(),
                        Cause.IDLE, time.waitingMillis()));
    }

    /** Milliseconds of a token, the mean of all. */
    public double meanMillis() {
        return tokenMillis.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    }

    double firstMillis() {
        return tokenMillis.isEmpty() ? Double.NaN : tokenMillis.get(0);
    }

    /** The median of the tokens after the first, where there are any. */
    double laterMillis() {
        return tokenMillis.size() < 2
                ? firstMillis()
                : Trial.median(tokenMillis.stream()
                        .skip(1)
                        .mapToDouble(Double::doubleValue)
                        .toArray());
    }
}
