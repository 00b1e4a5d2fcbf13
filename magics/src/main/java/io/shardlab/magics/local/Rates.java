package io.shardlab.magics.local;

import io.shardlab.cost.Hardware;
import io.shardlab.mesh.Link;
import io.shardlab.plan.Plan;
import io.shardlab.run.Reply;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** How fast the workers are: measured when they came up, and for each model from its last run. Any thread. */
final class Rates {

    private volatile @Nullable Hardware measured;
    private final Map<String, Hardware> calibrations = new ConcurrentHashMap<>();

    /** Takes what the ranks measured, over a simulated link where there is one. */
    void measured(List<Reply> replies, Optional<Link> link) {
        measured = over(link, Estimates.hardware(replies));
    }

    /** Measured latencies hold a simulated link's and the machine's own; its rate is the link's. */
    private static Hardware over(Optional<Link> link, Hardware rates) {
        return link.map(line -> new Hardware(
                        rates.flopsPerSecond(),
                        line.bytesPerSecond(),
                        Math.max(line.latencyNanos(), rates.latencyNanos()),
                        Hardware.CHUNK_BYTES))
                .orElse(rates);
    }

    /** Rates for a model: from its last run, else from matrix products alone; none without workers. */
    Optional<Hardware> of(String model) {
        return Optional.ofNullable(measured).map(rates -> calibrations.getOrDefault(model, rates));
    }

    /** Takes the arithmetic of a run that ended, in milliseconds of a step. */
    void calibrate(Plan plan, double computeMillis) {
        Hardware rates = measured;
        if (rates != null) {
            calibrations.put(plan.model(), Estimates.calibrated(rates, plan, computeMillis));
        }
    }

    /** The model of that name is another one now. */
    void forget(String model) {
        calibrations.remove(model);
    }

    void forget() {
        measured = null;
        calibrations.clear();
    }
}
