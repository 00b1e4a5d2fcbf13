package io.shardlab.magics.trial;

import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.view.StepPartsChart.Cause;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * One run of one scheme of a comparison; its figures are of all steps but the first.
 *
 * @param stepMillis the median
 * @param losses of all steps
 * @param peakBytes of tensors on the rank that held most
 * @param causes where the time went: the median step in the shares of the last one
 */
public record Trial(
        double stepMillis,
        List<Double> losses,
        OptionalDouble bubblePercent,
        OptionalDouble communicationPercent,
        long peakBytes,
        Map<Cause, Double> causes) {

    /** What a process holds besides tensors also comes from the schemes that ran in it before. */
    private static final Set<MemoryCategory> NO_TENSORS = Set.of(MemoryCategory.HEAP, MemoryCategory.OTHER);

    public Trial {
        losses = List.copyOf(losses);
        causes = Map.copyOf(causes);
    }

    public static Trial of(Runs.TrainOutcome outcome) {
        List<StepMetrics> metrics = outcome.metrics();
        double stepMillis = median(metrics.stream()
                .skip(metrics.size() > 1 ? 1 : 0)
                .mapToDouble(StepMetrics::stepMillis)
                .toArray());
        return new Trial(
                stepMillis,
                metrics.stream().map(StepMetrics::loss).toList(),
                outcome.bubblePercent(),
                outcome.communicationPercent(),
                outcome.memory().stream()
                        .mapToLong(row -> tensorBytes(row.measured()))
                        .max()
                        .orElse(0),
                causes(outcome.time(), stepMillis));
    }

    static long tensorBytes(MemoryUse use) {
        return use.bytes().entrySet().stream()
                .filter(entry -> !NO_TENSORS.contains(entry.getKey()))
                .mapToLong(Map.Entry::getValue)
                .sum();
    }

    private static Map<Cause, Double> causes(List<Runs.TimeTerm> terms, double stepMillis) {
        Map<Cause, Double> causes = new EnumMap<>(Cause.class);
        for (Runs.TimeTerm term : terms) {
            Cause cause =
                    switch (term.name()) {
                        case "compute" -> Cause.COMPUTE;
                        case "tensorCommunication", "dataSync" -> Cause.COMMUNICATION;
                        case "bubble", "imbalance", "latency" -> Cause.IDLE;
                        default -> Cause.OTHER;
                    };
            term.measuredMillis().ifPresent(millis -> causes.merge(cause, millis, Double::sum));
        }
        double total = causes.values().stream().mapToDouble(Double::doubleValue).sum();
        causes.replaceAll((cause, millis) -> total > 0 ? millis * stepMillis / total : 0);
        return causes;
    }

    /** The middle value, or the mean of the two in the middle. */
    public static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        if (sorted.length == 0) {
            return Double.NaN;
        }
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
