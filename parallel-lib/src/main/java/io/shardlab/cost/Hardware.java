package io.shardlab.cost;

/**
 * How fast one rank computes and how fast ranks talk, measured or assumed.
 *
 * @param flopsPerSecond reached by one rank on matrix products of the model's shapes
 * @param bytesPerSecond of one rank's link
 * @param latencyNanos from sending a message to its arrival, beyond its bytes
 */
public record Hardware(double flopsPerSecond, double bytesPerSecond, long latencyNanos) {

    public Hardware {
        if (!(flopsPerSecond > 0) || !(bytesPerSecond > 0) || latencyNanos < 0) {
            throw new IllegalArgumentException(
                    "hardware needs flopsPerSecond > 0, bytesPerSecond > 0 and latency ≥ 0, not " + flopsPerSecond
                            + ", " + bytesPerSecond + ", " + latencyNanos);
        }
    }

    public long computeNanos(double flops) {
        return Math.round(flops / flopsPerSecond * 1e9);
    }

    /** α + β·bytes. */
    public long messageNanos(long bytes) {
        return latencyNanos + Math.round(bytes / bytesPerSecond * 1e9);
    }
}
