package io.shardlab.magics.session;

import io.shardlab.magics.view.Html;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Failures of workers as a compact card: equal ones folded, at most four in full, the rest counted. */
record FailureCard(List<Folded> folded, int consequences) {

    private static final int MOST_TRACES = 4;
    private static final int MOST_LINES = 8;

    /** One cause and every rank that met it. */
    record Folded(Failure first, List<Integer> ranks) {}

    static FailureCard of(List<Failure> failures) {
        if (failures.isEmpty()) {
            throw new IllegalArgumentException("a card needs at least one failure");
        }
        List<Failure> causes =
                failures.stream().filter(failure -> !failure.consequence()).toList();
        Map<List<Object>, Folded> folded = new LinkedHashMap<>();
        for (Failure failure : causes.isEmpty() ? failures : causes) {
            folded.computeIfAbsent(
                            List.of(failure.phase(), failure.cause()), key -> new Folded(failure, new ArrayList<>()))
                    .ranks()
                    .add(failure.rank());
        }
        return new FailureCard(List.copyOf(folded.values()), causes.isEmpty() ? 0 : failures.size() - causes.size());
    }

    /** The whole story in one line. */
    String summary() {
        Folded first = folded.get(0);
        StringBuilder line = new StringBuilder(headline(first));
        if (first.ranks().size() > 1) {
            line.append("; same on ").append(others(first));
        }
        if (folded.size() > 1) {
            line.append("; ").append(folded.size() - 1).append(" other failures");
        }
        return line.toString().replaceAll("[\\p{Cntrl}]+", " ");
    }

    private static String headline(Folded card) {
        Failure failure = card.first();
        return "rank " + failure.rank() + " (" + failure.role() + ", " + failure.device() + ") failed in "
                + failure.phase() + ": " + failure.cause();
    }

    private static String others(Folded card) {
        return ranks(card.ranks().subList(1, card.ranks().size()));
    }

    /** {@code rank 1}, {@code ranks 1–3}, {@code ranks 1, 3}. */
    static String ranks(List<Integer> ranks) {
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

    NotebookPort.Content content() {
        StringBuilder html = new StringBuilder();
        StringBuilder text = new StringBuilder();
        for (Folded card : folded.subList(0, Math.min(MOST_TRACES, folded.size()))) {
            String same = card.ranks().size() > 1 ? "same on " + others(card) : "";
            html.append("<table border=\"1\" cellpadding=\"4\" cellspacing=\"0\"><tr><td align=\"left\">")
                    .append(Html.bold(headline(card)));
            text.append("✗ ").append(headline(card)).append('\n');
            if (!same.isEmpty()) {
                html.append("<br>").append(Html.escape(same));
                text.append("  ").append(same).append('\n');
            }
            List<String> lines = card.first().lines();
            List<String> shown = lines.subList(0, Math.min(MOST_LINES, lines.size()));
            if (!shown.isEmpty()) {
                html.append(Html.preformatted(String.join("\n", shown)));
                shown.forEach(line -> text.append("    ").append(line).append('\n'));
            }
            html.append("</td></tr></table>\n");
        }
        String rest = rest();
        if (!rest.isEmpty()) {
            html.append(Html.paragraph(rest));
            text.append(rest).append('\n');
        }
        return NotebookPort.Content.of(html.toString(), text.toString());
    }

    private String rest() {
        List<String> parts = new ArrayList<>();
        if (folded.size() > MOST_TRACES) {
            parts.add((folded.size() - MOST_TRACES) + " more failures");
        }
        if (consequences > 0) {
            parts.add(consequences + (consequences == 1 ? " rank" : " ranks") + " stopped because of this");
        }
        return String.join("; ", parts);
    }
}
