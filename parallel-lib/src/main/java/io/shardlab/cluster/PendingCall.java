package io.shardlab.cluster;

import io.shardlab.run.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** The replies to one request, as they come in. Owned by the coordinator; only the future is seen by others. */
final class PendingCall {

    private final int numRanks;
    private final TreeMap<Integer, Reply> replies = new TreeMap<>();
    private final CompletableFuture<List<Reply>> future = new CompletableFuture<>();

    PendingCall(int numRanks) {
        this.numRanks = numRanks;
    }

    CompletableFuture<List<Reply>> future() {
        return future;
    }

    /** Takes a reply; true if it was the last one missing. */
    boolean answered(int rank, Reply reply) {
        replies.putIfAbsent(rank, reply);
        return replies.size() == numRanks;
    }

    boolean hasAnswered(int rank) {
        return replies.containsKey(rank);
    }

    void complete() {
        future.complete(new ArrayList<>(replies.values()));
    }

    void fail(RuntimeException cause) {
        future.completeExceptionally(cause);
    }

    /** Whether a cell has failed on a rank, so that others may wait for it in vain. */
    boolean cellFailed() {
        return replies.values().stream().anyMatch(reply -> reply instanceof Reply.CellRan ran && ran.failed());
    }

    /** How a rank failed, if one has: rather a cause than a consequence. */
    Optional<String> failure() {
        return failure(false).or(() -> failure(true));
    }

    private Optional<String> failure(boolean consequence) {
        for (Map.Entry<Integer, Reply> entry : replies.entrySet()) {
            if (entry.getValue() instanceof Reply.Failed failed && failed.consequence() == consequence) {
                return Optional.of(
                        "rank " + entry.getKey() + " failed with " + failed.type() + ": " + failed.message());
            }
        }
        return Optional.empty();
    }
}
