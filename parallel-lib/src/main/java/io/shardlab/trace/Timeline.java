package io.shardlab.trace;

import java.util.List;

/** The spans of all ranks, estimated by the simulator or measured by a run; sorted by rank and start. */
public record Timeline(boolean predicted, int numRanks, List<Span> spans) {
    public Timeline {
        spans = List.copyOf(spans);
    }
}
