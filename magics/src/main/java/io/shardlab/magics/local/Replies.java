package io.shardlab.magics.local;

import io.shardlab.run.Reply;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What all ranks answered, taken together. */
final class Replies {

    private Replies() {}

    /** Memory of the ranks that told it. */
    static List<MemoryUse> memory(List<Reply> replies) {
        List<MemoryUse> uses = new ArrayList<>();
        for (Reply reply : replies) {
            if (reply instanceof Reply.Done done) {
                uses.add(done.memory());
            } else if (reply instanceof Reply.Trained trained) {
                uses.add(trained.memory());
            } else if (reply instanceof Reply.Generated generated) {
                uses.add(generated.memory());
            }
        }
        return uses;
    }

    /** Replies to two requests, one after the other, as if to one. */
    static List<Reply> joined(List<Reply> before, List<Reply> after) {
        List<Reply> joined = new ArrayList<>();
        for (int rank = 0; rank < after.size(); rank++) {
            joined.add(
                    rank < before.size()
                                    && before.get(rank) instanceof Reply.Trained earlier
                                    && after.get(rank) instanceof Reply.Trained later
                            ? joined(earlier, later)
                            : after.get(rank));
        }
        return joined;
    }

    private static Reply joined(Reply.Trained before, Reply.Trained after) {
        Map<MemoryCategory, Long> highest = new EnumMap<>(MemoryCategory.class);
        highest.putAll(before.memory().bytes());
        after.memory().bytes().forEach((category, bytes) -> highest.merge(category, bytes, Math::max));
        Map<String, Reply.Traffic> traffic = new TreeMap<>(before.traffic());
        after.traffic().forEach((name, counted) -> traffic.merge(name, counted, Replies::plus));
        return new Reply.Trained(
                before.stepsDone() + after.stepsDone(),
                new MemoryUse(after.memory().rank(), highest),
                traffic);
    }

    static Reply.Traffic plus(Reply.Traffic a, Reply.Traffic b) {
        return new Reply.Traffic(a.count() + b.count(), a.bytes() + b.bytes());
    }
}
