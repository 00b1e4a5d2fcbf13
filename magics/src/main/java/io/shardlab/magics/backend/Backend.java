package io.shardlab.magics.backend;

/**
 * What lies below a laboratory: planner, simulator, cluster. Each part is one subject and holds the rows and outcomes of its own;
 * a new subject is a new part.
 *
 * <p>Methods of all parts block until they are done and are called from one thread, except {@link #cancel}, {@link #kill} and
 * {@link Workers#down}, which may be called from a second thread while another method works. What the caller did wrong is an
 * {@link IllegalArgumentException} and what the moment forbids (nothing placed, no workers) an {@link IllegalStateException},
 * each with one line, thrown before anything is started. Failing workers are {@link FailedWorkers}.
 */
public interface Backend extends AutoCloseable {

    Diagnosis diagnosis();

    Workers workers();

    Plans plans();

    Runs runs();

    /** Schemes in turn on the same workers. */
    Comparing comparing();

    Checkpointing checkpoints();

    Measures measures();

    /** Cells and variables of the workers that run now. */
    Cells cells();

    /**
     * Called by the thread that asks, before the first thing it does for a verb: until the answer is closed a {@link #cancel} is
     * meant for that verb, also while it has not asked the workers yet.
     */
    default Begun begin(String what) {
        return () -> {};
    }

    /** A verb that was begun. */
    interface Begun extends AutoCloseable {
        @Override
        void close();
    }

    /** Asks what is running to stop at the next micro-batch; returns at once. */
    void cancel();

    /** Kills what is running, workers included; returns at once. */
    void kill();

    @Override
    void close();
}
