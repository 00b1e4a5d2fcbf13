package io.shardlab.run;

import io.shardlab.transport.Transport;

/**
 * What all that a rank does has in common: who it is, how it is told to stop and when not, how it reaches the other ranks, and
 * where it writes down what it does and what memory that takes. Owned by the rank's thread.
 */
record Rank(
        Seat seat,
        StopSignal stop,
        StatusPage page,
        CommitGuard guard,
        Transport transport,
        Recorder recorder,
        MemoryMeter meter) {

    Rank(Seat seat, StopSignal stop, StatusPage page, CommitGuard guard, Transport transport, MemoryMeter meter) {
        this(seat, stop, page, guard, transport, new Recorder(seat.rank(), page), meter);
    }

    int number() {
        return seat.rank();
    }

    /** Says what this rank does now. */
    void enter(String phase, String action) {
        page.enter(phase, action, -1);
    }
}
