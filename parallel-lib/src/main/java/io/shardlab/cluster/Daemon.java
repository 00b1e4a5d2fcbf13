package io.shardlab.cluster;

/** A named thread that does not keep its JVM alive. */
final class Daemon {

    private static final int STACK_BYTES = 512 << 10;

    private Daemon() {}

    static Thread of(String name, Runnable body) {
        Thread thread = new Thread(null, body, name, STACK_BYTES);
        thread.setDaemon(true);
        return thread;
    }

    static Thread start(String name, Runnable body) {
        Thread thread = of(name, body);
        thread.start();
        return thread;
    }
}
