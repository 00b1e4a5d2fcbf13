package io.shardlab.magics.screen;

import io.shardlab.magics.backend.Failure;
import io.shardlab.magics.backend.FoldedFailures;
import io.shardlab.magics.view.Html;
import java.util.ArrayList;
import java.util.List;

/** Failures of workers as a compact card: equal ones folded, at most four in full, the rest counted. */
public record FailureCard(FoldedFailures failures) {

    private static final int MOST_TRACES = 4;
    private static final int MOST_LINES = 8;

    public static FailureCard of(List<Failure> failures) {
        return new FailureCard(FoldedFailures.of(failures));
    }

    public Port.Content content() {
        List<FoldedFailures.Folded> folded = failures.folded();
        StringBuilder html = new StringBuilder();
        StringBuilder text = new StringBuilder();
        for (FoldedFailures.Folded card : folded.subList(0, Math.min(MOST_TRACES, folded.size()))) {
            String same = card.others().isEmpty() ? "" : "same on " + card.others();
            html.append("<table border=\"1\" cellpadding=\"4\" cellspacing=\"0\"><tr><td align=\"left\">")
                    .append(Html.bold(card.headline()));
            text.append("✗ ").append(card.headline()).append('\n');
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
        return Port.Content.of(html.toString(), text.toString());
    }

    private String rest() {
        List<String> parts = new ArrayList<>();
        int count = failures.folded().size();
        if (count > MOST_TRACES) {
            parts.add((count - MOST_TRACES) + " more failures");
        }
        int consequences = failures.consequences();
        if (consequences > 0) {
            parts.add(consequences + (consequences == 1 ? " rank" : " ranks") + " stopped because of this");
        }
        return String.join("; ", parts);
    }
}
