package io.shardlab.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.shardlab.run.Event;
import io.shardlab.run.RankExecutor;
import io.shardlab.run.Reply;
import io.shardlab.run.Seat;
import io.shardlab.run.StatusPage;
import io.shardlab.run.StopSignal;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The one thread of a rank that computes: it opens the executor, asks it one request after the other, and closes it. */
final class ComputeThread {

    /** Room for deep recursion in a user's code. */
    private static final int STACK_BYTES = 8 << 20;

    private static final int MOST_FRAMES = 40;

    private final Seat seat;
    private final ExecutorSource source;
    private final StopSignal stop;
    private final StatusPage page;
    private final Mouth mouth;
    private final Inbox inbox;
    private final Thread thread;
    private long cancelledThrough;
    private long begun;
    private long released;

    /** Where requests come from. */
    interface Inbox {

        /** Waits for the next request; empty when there will be none. Called by the thread that computes. */
        Optional<Message.Ask> next() throws InterruptedException;
    }

    /** Where a rank's words go. */
    interface Mouth {

        void say(Event event) throws InterruptedException;

        /** @throws JsonProcessingException if the reply has no form that can be sent; then nothing was sent */
        void answer(long id, Reply reply) throws InterruptedException, JsonProcessingException;
    }

    ComputeThread(Seat seat, ExecutorSource source, StopSignal stop, StatusPage page, Inbox inbox, Mouth mouth) {
        this.seat = seat;
        this.source = source;
        this.stop = stop;
        this.page = page;
        this.inbox = inbox;
        this.mouth = mouth;
        this.thread = new RankThread(this::run, "shardlab-rank-" + seat.rank(), stop);
        thread.start();
    }

    /**
     * Hears an interrupt only while it runs a user's code. A thread that a cell has started may send one at any time later, and
     * inside a read of the next request it would close the channel, and the worker with it.
     */
    private static final class RankThread extends Thread {

        private final StopSignal stop;

        RankThread(Runnable body, String name, StopSignal stop) {
            super(null, body, name, STACK_BYTES);
            this.stop = stop;
            setDaemon(true);
        }

        @Override
        public void interrupt() {
            stop.duringUsersCode(super::interrupt);
        }
    }

    /** Cancels all requests up to the given one, also if they have not begun; a later one that has begun goes on. */
    synchronized void cancel(long through) {
        cancelledThrough = Math.max(cancelledThrough, through);
        if (begun <= through) {
            stop.cancel();
        }
    }

    /** Ends waits for other ranks in a request, now or when it begins. */
    synchronized void release(long id) {
        released = id;
        if (begun == id) {
            stop.release();
        }
    }

    /** Forgets an earlier cancellation, but not one that is meant for this request. */
    private synchronized void begin(long id) {
        begun = id;
        stop.clear();
        if (id <= cancelledThrough) {
            stop.cancel();
        }
        if (id == released) {
            stop.release();
        }
    }

    /** Waits for the thread's end, which comes after the last request, no longer than {@code millis}. */
    void join(long millis) throws InterruptedException {
        thread.join(millis);
    }

    private void run() {
        @Nullable RankExecutor executor = null;
        try {
            Reply.@Nullable Failed unusable = null;
            try {
                executor = source.open(seat, stop, page);
                page.enter("idle", "", -1);
            } catch (RuntimeException | LinkageError e) {
                unusable = failed(e);
            }
            for (Optional<Message.Ask> next = inbox.next(); next.isPresent(); next = inbox.next()) {
                Message.Ask ask = next.get();
                begin(ask.id());
                answer(ask.id(), executor == null ? orUnknown(unusable) : execute(executor, ask));
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        } finally {
            if (executor != null) {
                executor.close();
            }
        }
    }

    private static Reply orUnknown(Reply.@Nullable Failed unusable) {
        return unusable != null
                ? unusable
                : new Reply.Failed("IllegalStateException", "", "not open", List.of(), false);
    }

    /** A reply that cannot be sent is a failure of its own, which can. */
    private void answer(long id, Reply reply) throws InterruptedException {
        Throwable unsent;
        try {
            mouth.answer(id, reply);
            return;
        } catch (JsonProcessingException | RuntimeException | StackOverflowError | OutOfMemoryError e) {
            unsent = e;
        }
        try {
            mouth.answer(id, failed(unsent));
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("a failure of plain texts has no JSON form", impossible);
        }
    }

    private Reply execute(RankExecutor executor, Message.Ask ask) {
        try {
            return executor.execute(ask.request(), this::say);
        } catch (StopSignal.CancelledRun cancelled) {
            return new Reply.Cancelled(0);
        } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
            return failed(e);
        } catch (OutOfMemoryError e) {
            // Of direct memory or of the memory budget: with the Java heap exhausted the JVM has ended by now.
            return failed(e);
        }
    }

    private void say(Event event) {
        try {
            mouth.say(event);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Reply.Failed failed(Throwable cause) {
        List<String> stack = Arrays.stream(cause.getStackTrace())
                .limit(MOST_FRAMES)
                .map(StackTraceElement::toString)
                .toList();
        boolean consequence = cause instanceof StopSignal.LostPeer;
        String message = Optional.ofNullable(cause.getMessage()).orElse("");
        return new Reply.Failed(cause.getClass().getSimpleName(), "", message, stack, consequence);
    }
}
