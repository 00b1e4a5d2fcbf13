package io.shardlab.cluster;

import java.util.function.Consumer;

/** Gives a listener one event at a time, from whichever threads they come, and outlives its exceptions. */
final class OrderlyListener {

    private final Consumer<WorkerEvent> listener;

    OrderlyListener(Consumer<WorkerEvent> listener) {
        this.listener = listener;
    }

    synchronized void tell(WorkerEvent event) {
        try {
            listener.accept(event);
        } catch (RuntimeException e) {
            System.getLogger(Cluster.class.getName())
                    .log(System.Logger.Level.WARNING, "the listener failed on " + event.getClass(), e);
        }
    }
}
