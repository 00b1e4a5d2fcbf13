package io.shardlab.cluster;

/**
 * A thread that nobody interrupts while it waits for ranks. It may write to their sockets itself, which others leave to a thread
 * of the cluster: an interrupt inside a channel operation closes the channel, and the worker behind it would be lost.
 */
public final class SteadyThread extends Thread {

    public SteadyThread(Runnable body, String name) {
        super(body, name);
        setDaemon(true);
    }

    static boolean isCurrent() {
        return Thread.currentThread() instanceof SteadyThread;
    }
}
