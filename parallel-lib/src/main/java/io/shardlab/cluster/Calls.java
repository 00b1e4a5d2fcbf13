package io.shardlab.cluster;

import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the ranks of a cluster were asked and have not all answered. Any thread may call; futures end outside of the lock. Requests
 * are written by the thread that submits, which nobody may interrupt meanwhile.
 */
final class Calls {

    private final int numRanks;
    private final List<WorkerLink> links;
    /** Held while a request is numbered and sent, so that all ranks get all requests in the same order. */
    private final Object sending = new Object();

    private final TreeMap<Long, PendingCall> pending = new TreeMap<>();
    private long lastId;
    private long cancelledThrough;
    private @Nullable ClusterFailure refusal;
    private volatile boolean[] busy;

    /** @param links by rank, all there before the first request */
    Calls(int numRanks, List<WorkerLink> links) {
        this.numRanks = numRanks;
        this.links = links;
        this.busy = new boolean[numRanks];
    }

    /** Asks every rank; {@code call} ends with their replies. */
    void submit(PendingCall call, Request request) {
        synchronized (sending) {
            byte[] encoded;
            try {
                encoded = Cluster.encode(new Message.Ask(nextId(), request));
                if (encoded.length > Frame.MOST_PAYLOAD_BYTES) {
                    throw new IllegalArgumentException("a request of " + encoded.length + " bytes is too large");
                }
            } catch (IllegalArgumentException e) {
                call.fail(e);
                return;
            }
            Optional<ClusterFailure> refused;
            boolean onlyOne;
            synchronized (this) {
                onlyOne = pending.isEmpty();
                refused = begin(call);
            }
            if (refused.isPresent()) {
                call.fail(refused.get());
                return;
            }
            links.forEach(link -> link.ask(encoded, onlyOne));
        }
    }

    private synchronized long nextId() {
        return lastId + 1;
    }

    private Optional<ClusterFailure> begin(PendingCall call) {
        if (refusal == null) {
            pending.put(++lastId, call);
            noteBusy();
        }
        return Optional.ofNullable(refusal);
    }

    /** What a reply makes necessary. */
    enum Follow {
        NOTHING,
        /** The rank has failed: the others may wait for it. */
        CANCEL,
        /** A cell has failed there: the others must not wait for that rank. */
        RELEASE
    }

    Follow answered(int rank, long id, Reply reply) {
        PendingCall call;
        synchronized (this) {
            call = pending.get(id);
            if (call == null) {
                return Follow.NOTHING;
            }
            boolean complete = call.answered(rank, reply);
            if (complete) {
                pending.remove(id);
            }
            noteBusy();
            if (!complete) {
                return call.failure().isPresent() ? Follow.CANCEL : call.cellFailed() ? Follow.RELEASE : Follow.NOTHING;
            }
        }
        call.complete();
        return Follow.NOTHING;
    }

    /** Marks everything asked as cancelled; answers up to which request; empty if nothing new would be. */
    synchronized OptionalLong cancel() {
        return pending.isEmpty() ? OptionalLong.empty() : cancel(pending.lastKey());
    }

    /** Marks everything asked as cancelled, if this request is unanswered and not cancelled yet; answers up to which request. */
    synchronized OptionalLong cancel(long id) {
        if (!pending.containsKey(id) || cancelledThrough >= id) {
            return OptionalLong.empty();
        }
        cancelledThrough = lastId;
        return OptionalLong.of(lastId);
    }

    synchronized boolean unanswered(long id) {
        return pending.containsKey(id);
    }

    /** The request that the ranks work on, if there is one. */
    synchronized OptionalLong first() {
        return pending.isEmpty() ? OptionalLong.empty() : OptionalLong.of(pending.firstKey());
    }

    /**
     * The ranks that have not answered a request that was cancelled long ago.
     *
     * @param what the request is, for people
     * @param reason how another rank failed in it, in brackets; empty if none has
     */
    record Overdue(TreeSet<Integer> ranks, String what, String reason) {}

    synchronized Optional<Overdue> overdue(long through) {
        if (pending.isEmpty() || pending.firstKey() > through) {
            return Optional.empty();
        }
        PendingCall call = pending.firstEntry().getValue();
        TreeSet<Integer> ranks = new TreeSet<>();
        for (int rank = 0; rank < numRanks; rank++) {
            if (!call.hasAnswered(rank)) {
                ranks.add(rank);
            }
        }
        return Optional.of(new Overdue(
                ranks,
                call.what(),
                call.failure().map(text -> " (" + text + ")").orElse("")));
    }

    /** Ends what is unanswered with {@code now}, and whatever is asked from here on with {@code later}. */
    void close(ClusterFailure now, ClusterFailure later) {
        List<PendingCall> calls;
        synchronized (this) {
            refusal = later;
            calls = new ArrayList<>(pending.values());
            pending.clear();
            noteBusy();
        }
        calls.forEach(call -> call.fail(now));
    }

    /** Whether a rank has something to answer. */
    boolean busy(int rank) {
        return busy[rank];
    }

    private void noteBusy() {
        boolean[] now = new boolean[numRanks];
        for (PendingCall call : pending.values()) {
            for (int rank = 0; rank < numRanks; rank++) {
                now[rank] |= !call.hasAnswered(rank);
            }
        }
        busy = now;
    }
}
