package io.shardlab.transport;

import java.util.ArrayDeque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * The calls that a rank has started, over all its groups, executed one after the other in the order started.
 *
 * <p>A daemon thread executes them while the compute thread computes; it starts with the first call. Where the compute
 * thread waits for a call, it executes what nobody has begun yet itself, so that a call awaited at once costs no change
 * of threads. The queue's monitor hands a group's state from one to the other.
 */
final class CallQueue {

    private final String name;
    private final ArrayDeque<StartedCall> waiting = new ArrayDeque<>();
    private @Nullable StartedCall running;
    private volatile @Nullable Thread thread;
    private volatile boolean awaited;
    private boolean closed;

    CallQueue(String name) {
        this.name = name;
    }

    /** Whether the current thread executes calls while the compute thread has better use for the core. */
    boolean standsAside() {
        return Thread.currentThread() == thread && !awaited;
    }

    synchronized StartedCall start(Windows owner, Runnable body) {
        if (closed) {
            throw new IllegalStateException(
                    "the transport of group " + owner.group().name() + " is closed");
        }
        StartedCall call = new StartedCall(this, owner, body);
        waiting.add(call);
        if (thread == null) {
            Thread started = new Thread(this::work, name);
            started.setDaemon(true);
            thread = started;
            started.start();
        }
        notifyAll();
        return call;
    }

    /** Returns when a call is over; called by the compute thread. */
    void finish(StartedCall call) {
        boolean interrupted = false;
        awaited = true;
        while (!call.isDone()) {
            StartedCall next;
            synchronized (this) {
                next = take();
                if (next == null && !call.isDone()) {
                    interrupted |= pause();
                }
            }
            if (next != null) {
                execute(next);
            }
        }
        awaited = false;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Ends a group's calls: those not begun are dropped, one that is under way is ended at its next wait. Returns whether
     * there was any.
     */
    boolean abandon(Windows owner) {
        boolean interrupted = false;
        boolean any = false;
        awaited = true;
        synchronized (this) {
            for (Iterator<StartedCall> calls = waiting.iterator(); calls.hasNext(); ) {
                StartedCall call = calls.next();
                if (call.owner() == owner) {
                    calls.remove();
                    call.drop();
                    any = true;
                }
            }
            while (running != null && running.owner() == owner) {
                owner.stopWaits();
                any = true;
                interrupted |= pause();
            }
        }
        awaited = false;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return any;
    }

    synchronized void close() {
        closed = true;
        notifyAll();
    }

    private void work() {
        StartedCall next = awaitNext();
        while (next != null) {
            execute(next);
            next = awaitNext();
        }
    }

    private synchronized @Nullable StartedCall awaitNext() {
        StartedCall next = take();
        while (next == null && !closed) {
            pause();
            next = take();
        }
        return next;
    }

    /** The first call, which the caller now executes; null while another thread executes one, or there is none. */
    private @Nullable StartedCall take() {
        if (running == null) {
            running = waiting.poll();
            return running;
        }
        return null;
    }

    private void execute(StartedCall call) {
        call.run();
        synchronized (this) {
            running = null;
            notifyAll();
        }
    }

    /** Waits for a change; gives whether the thread was interrupted. Its calls end by time-out at the latest. */
    private synchronized boolean pause() {
        try {
            wait();
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }
}
