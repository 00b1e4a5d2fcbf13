package io.shardlab.trace;

import java.util.List;

/**
 * How fast a run was and where its loss went.
 *
 * @param steps counted
 * @param stepMillisMedian half of the steps were faster
 * @param stepMillisP95 95 % of the steps were at least as fast
 * @param tokensPerSecond the median over the steps
 * @param lossFirst of the first step
 * @param lossLast of the last step
 */
public record Throughput(
        int steps,
        double stepMillisMedian,
        double stepMillisP95,
        double tokensPerSecond,
        double lossFirst,
        double lossLast) {

    /** The summary of at least one step, in order. */
    public static Throughput of(List<StepMetrics> metrics) {
        if (metrics.isEmpty()) {
            throw new IllegalArgumentException("throughput needs the metrics of at least one step, found none");
        }
        double[] millis =
                metrics.stream().mapToDouble(StepMetrics::stepMillis).sorted().toArray();
        double[] rates = metrics.stream()
                .mapToDouble(StepMetrics::tokensPerSecond)
                .sorted()
                .toArray();
        return new Throughput(
                metrics.size(),
                percentile(millis, 0.5),
                percentile(millis, 0.95),
                percentile(rates, 0.5),
                metrics.get(0).loss(),
                metrics.get(metrics.size() - 1).loss());
    }

    /** Linear interpolation between the closest values, as NumPy's default (Hyndman and Fan 1996, type 7). */
    static double percentile(double[] sorted, double share) {
        double position = share * (sorted.length - 1);
        int below = (int) Math.floor(position);
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}
