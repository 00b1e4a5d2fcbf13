package io.shardlab.magics.backend;

import java.util.List;

/** A few ranks as people read them. */
public final class RankList {

    private RankList() {}

    /** {@code rank 1}, {@code ranks 1–3}, {@code ranks 1, 3}. */
    public static String text(List<Integer> ranks) {
        if (ranks.size() == 1) {
            return "rank " + ranks.get(0);
        }
        int first = ranks.get(0);
        int last = ranks.get(ranks.size() - 1);
        boolean run = last - first == ranks.size() - 1;
        return "ranks "
                + (run
                        ? first + "–" + last
                        : String.join(", ", ranks.stream().map(String::valueOf).toList()));
    }
}
