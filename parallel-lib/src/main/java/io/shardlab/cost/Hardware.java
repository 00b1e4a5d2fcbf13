package io.shardlab.cost;

import io.shardlab.mesh.Link;

/**
 * How fast one rank computes and how fast ranks talk, measured or assumed.
 *
 * @param flopsPerSecond reached by one rank on matrix products of the model's shapes
 * @param bytesPerSecond of one rank's link
 * @param latencyNanos from sending a message to its arrival, beyond its bytes
 * @param roundBytes after which a collective pays the latency again; {@link Long#MAX_VALUE} for once per call
 */
public record Hardware(double flopsPerSecond, double bytesPerSecond, long latencyNanos, long roundBytes) {

    /** What our collectives send between two meetings of the ranks. */
    public static final long CHUNK_BYTES = 256 << 10;

    public Hardware {
        if (!(flopsPerSecond > 0) || !(bytesPerSecond > 0) || latencyNanos < 0 || roundBytes < 1) {
            throw new IllegalArgumentException(
                    "hardware needs flopsPerSecond > 0, bytesPerSecond > 0, latency ≥ 0 and bytes per round > 0, not "
                            + flopsPerSecond + ", " + bytesPerSecond + ", " + latencyNanos + ", " + roundBytes);
        }
    }

    /** One latency per collective, as measured rates have it. */
    public Hardware(double flopsPerSecond, double bytesPerSecond, long latencyNanos) {
        this(flopsPerSecond, bytesPerSecond, latencyNanos, Long.MAX_VALUE);
    }

    /** The same arithmetic on ranks that a link joins. */
    public Hardware over(Link link) {
        return new Hardware(flopsPerSecond, link.bytesPerSecond(), link.latencyNanos(), CHUNK_BYTES);
    }

    public Hardware withFlops(double changed) {
        return new Hardware(changed, bytesPerSecond, latencyNanos, roundBytes);
    }

    public long computeNanos(double flops) {
        return Math.round(flops / flopsPerSecond * 1e9);
    }

    /** α + β·bytes. */
    public long messageNanos(long bytes) {
        return latencyNanos + Math.round(bytes / bytesPerSecond * 1e9);
    }

    /** α per round + β·bytes, for a collective by which a rank sends so many bytes. */
    public long collectiveNanos(long bytes) {
        return messageNanos(bytes) + bytes / roundBytes * latencyNanos;
    }
}
