package io.shardlab.cluster;

import io.shardlab.run.RankExecutor;
import io.shardlab.run.Seat;
import io.shardlab.run.StatusPage;
import io.shardlab.run.StopSignal;

/** Where a rank's executor comes from; called on the thread that will execute every request. */
@FunctionalInterface
public interface ExecutorSource {

    RankExecutor open(Seat seat, StopSignal stop, StatusPage page);
}
