package io.shardlab.magics.backend;

import io.shardlab.cluster.WorkerEvent;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Whose turn it is to ask the workers.
 *
 * <p>A verb takes its turn before its first question and keeps it to its last, so that what workers say is heard by the verb that
 * asked, and a stop is meant for it. A thread that has the turn may take it again; another one is refused at once, because what it
 * wants to ask would wait for as long as the first one works. Any thread may ask what is going on.
 */
public final class Turns {

    private @Nullable Turn now;

    /** Takes the turn, or the same one again; to be closed by the thread that took it. */
    public synchronized Turn take(String what) {
        Turn held = now;
        if (held == null) {
            held = new Turn(what, Thread.currentThread());
            now = held;
        } else if (held.owner != Thread.currentThread()) {
            throw new IllegalStateException("the workers are busy with " + held.what + "; " + what
                    + " needs them, so wait (`%shard wait`) or stop it (`%shard interrupt`)");
        }
        held.depth++;
        return held;
    }

    private synchronized @Nullable Turn now() {
        return now;
    }

    /** Gives what a worker said to whoever has the turn. */
    public void hear(WorkerEvent event) {
        Turn turn = now();
        if (turn != null) {
            turn.hearing.accept(event);
        }
    }

    /** Notes that the user wants it to stop. */
    public void stop() {
        Turn turn = now();
        if (turn != null) {
            turn.stopping = true;
        }
    }

    /** Whoever has the turn has obeyed the stop; what follows puts things back and is not stopped by it. */
    public void obeyed() {
        Turn turn = now();
        if (turn != null) {
            turn.stopping = false;
        }
    }

    /** Whether the user has asked the one whose turn it is to stop. */
    public boolean stopping() {
        Turn turn = now();
        return turn != null && turn.stopping;
    }

    private synchronized void giveBack(Turn turn) {
        if (--turn.depth == 0) {
            now = null;
        }
    }

    /** One verb's questions. */
    public final class Turn implements Backend.Begun {

        private final String what;
        private final Thread owner;
        private int depth;
        private volatile Consumer<WorkerEvent> hearing = event -> {};
        private volatile boolean stopping;

        private Turn(String what, Thread owner) {
            this.what = what;
            this.owner = owner;
        }

        /** Who hears what workers say from now on; answers who heard it before. */
        public Consumer<WorkerEvent> listen(Consumer<WorkerEvent> next) {
            Consumer<WorkerEvent> before = hearing;
            hearing = next;
            return before;
        }

        boolean stopping() {
            return stopping;
        }

        @Override
        public void close() {
            giveBack(this);
        }
    }
}
