package io.shardlab.run;

import java.util.function.Consumer;

/** One rank, ready to execute requests one after the other, always on one thread. */
public interface RankExecutor extends AutoCloseable {

    /**
     * Executes a request to its end. Exceptions become {@link Reply.Failed}, a stop by the user becomes
     * {@link Reply.Cancelled}; afterwards the rank is ready for the next request, unless a peer was lost.
     *
     * @param events may be called from the executing thread only
     */
    Reply execute(Request request, Consumer<Event> events);

    @Override
    void close();
}
