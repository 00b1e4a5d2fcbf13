package io.shardlab.magics.backend;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Failures of one request, equal ones of several ranks taken together.
 *
 * @param folded at least one; those that caused the others, if that is known of any
 * @param consequences ranks that only stopped because of these
 */
public record FoldedFailures(List<Folded> folded, int consequences) {

    public FoldedFailures {
        folded = List.copyOf(folded);
    }

    /** One cause and every rank that met it. */
    public record Folded(Failure first, List<Integer> ranks) {

        public Folded {
            ranks = List.copyOf(ranks);
        }

        /** Who failed, in what, and why. */
        public String headline() {
            return "rank " + first.rank() + " (" + first.role() + ", " + first.device() + ") failed"
                    + (first.phase().isEmpty() ? "" : " in " + first.phase()) + ": " + first.cause();
        }

        /** The other ranks that met it, {@code ranks 1–3}; empty if it is one rank's alone. */
        public String others() {
            return ranks.size() == 1 ? "" : RankList.text(ranks.subList(1, ranks.size()));
        }
    }

    public static FoldedFailures of(List<Failure> failures) {
        if (failures.isEmpty()) {
            throw new IllegalArgumentException("there must be at least one failure");
        }
        List<Failure> causes =
                failures.stream().filter(failure -> !failure.consequence()).toList();
        Map<String, List<Failure>> equal = new LinkedHashMap<>();
        for (Failure failure : causes.isEmpty() ? failures : causes) {
            equal.computeIfAbsent(failure.cause(), key -> new ArrayList<>()).add(failure);
        }
        List<Folded> folded = equal.values().stream()
                .map(same ->
                        new Folded(same.get(0), same.stream().map(Failure::rank).toList()))
                .toList();
        return new FoldedFailures(folded, causes.isEmpty() ? 0 : failures.size() - causes.size());
    }

    /** The whole story in one line. */
    String summary() {
        Folded first = folded.get(0);
        StringBuilder line = new StringBuilder(first.headline());
        if (!first.others().isEmpty()) {
            line.append("; same on ").append(first.others());
        }
        if (folded.size() > 1) {
            line.append("; ").append(folded.size() - 1).append(" other failures");
        }
        return line.toString().replaceAll("[\\p{Cntrl}]+", " ");
    }
}
