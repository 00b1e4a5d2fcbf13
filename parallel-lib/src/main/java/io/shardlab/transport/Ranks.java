package io.shardlab.transport;

import java.util.List;
import java.util.stream.Collectors;

/** Ranks in messages for people. */
public final class Ranks {

    private Ranks() {}

    /** {@code rank 2} or {@code ranks 0, 1, 3}. */
    public static String text(List<Integer> ranks) {
        String numbers = ranks.stream().map(String::valueOf).collect(Collectors.joining(", "));
        return (ranks.size() == 1 ? "rank " : "ranks ") + numbers;
    }
}
