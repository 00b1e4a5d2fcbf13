package io.shardlab.cluster;

import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A group of ranks that all get the same requests, one after the other. Safe for use by any thread. */
public interface Workers extends AutoCloseable {

    /** How many ranks there are. */
    int numRanks();

    /**
     * Asks every rank; the future ends when the last one has answered, with the replies by rank. Exceptions inside a rank are
     * {@link Reply.Failed} replies; the future ends with a {@link ClusterFailure} when a rank was lost.
     *
     * <p>What the ranks printed and said until then has been given to the listener before the future ends.
     */
    CompletableFuture<List<Reply>> submit(Request request);

    /**
     * Asks all ranks to stop at the next micro-batch. A rank that does not answer within five seconds is killed and named. Does
     * nothing where all that was asked has been cancelled already.
     */
    void cancel();

    /** What each rank is doing now, without asking it. */
    List<WorkerStatus> status();

    /** Ends the ranks and frees what they held; again: nothing. */
    @Override
    void close();
}
