package io.shardlab.cluster;

import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The replies to one request, as they come in. Guarded by its owner; only the future is seen by others. */
final class PendingCall {

    private final Request request;
    private final @Nullable Reply[] replies;
    private final CompletableFuture<List<Reply>> future = new CompletableFuture<>();
    private int numMissing;

    PendingCall(Request request, int numRanks) {
        this.request = request;
        replies = new Reply[numRanks];
        numMissing = numRanks;
    }

    /** What was asked, for people. */
    String what() {
        return request instanceof Request.Cell ? "the cell" : "a request";
    }

    CompletableFuture<List<Reply>> future() {
        return future;
    }

    /** Takes a reply; true if it was the last one missing. */
    boolean answered(int rank, Reply reply) {
        if (replies[rank] == null) {
            replies[rank] = reply;
            numMissing--;
        }
        return numMissing == 0;
    }

    boolean hasAnswered(int rank) {
        return replies[rank] != null;
    }

    /** To be called when all have answered. */
    void complete() {
        List<Reply> all = new ArrayList<>(replies.length);
        for (Reply reply : replies) {
            if (reply == null) {
                throw new IllegalStateException("a rank has not answered yet");
            }
            all.add(reply);
        }
        future.complete(all);
    }

    void fail(RuntimeException cause) {
        future.completeExceptionally(cause);
    }

    /** Whether a cell has failed on a rank, so that others may wait for it in vain. */
    boolean cellFailed() {
        for (Reply reply : replies) {
            if (reply instanceof Reply.CellRan ran && ran.failed()) {
                return true;
            }
        }
        return false;
    }

    /** How a rank failed, if one has: rather a cause than a consequence. */
    Optional<String> failure() {
        return failure(false).or(() -> failure(true));
    }

    private Optional<String> failure(boolean consequence) {
        for (int rank = 0; rank < replies.length; rank++) {
            if (replies[rank] instanceof Reply.Failed failed && failed.consequence() == consequence) {
                return Optional.of("rank " + rank + " failed with " + failed.type() + ": " + failed.message());
            }
        }
        return Optional.empty();
    }
}
