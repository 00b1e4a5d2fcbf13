package io.shardlab.magics.backend;

import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.Timeline;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** What was measured on the workers. Same rules as {@link Backend}, of which this is a part. */
public interface Measures {

    /** Memory measured now and since the last reset. */
    List<MemoryRow> memory(boolean resetHighWater);

    /** What each rank has sent to each other since the last reset. */
    List<TrafficRow> traffic(boolean reset);

    /** One step of the last run (the last step where empty), or the estimate for the placed plan. */
    Timeline timeline(OptionalInt step, boolean predicted);

    /**
     * What one rank has sent.
     *
     * @param bytesTo each rank, itself included with 0
     * @param byCollective bytes to all together: {@code all_reduce}, {@code send} …
     */
    record TrafficRow(int rank, String role, List<Long> bytesTo, Map<String, Long> byCollective) {
        public TrafficRow {
            bytesTo = List.copyOf(bytesTo);
            byCollective = Map.copyOf(byCollective);
        }
    }

    record MemoryRow(
            int rank,
            String role,
            String device,
            MemoryUse measured,
            Optional<MemoryUse> planned,
            OptionalLong limitBytes) {}
}
