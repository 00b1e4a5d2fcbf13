package io.shardlab.magics.view;

import io.shardlab.plan.Action;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.plan.Words;
import io.shardlab.tensor.Placement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A plan in text: the program of each stage, and who does what when. */
public record PlanPicture(Plan plan) {

    private static final Pattern LAYER = Pattern.compile("layers\\.[0-9]+");
    private static final int MOST_LINES = 40;
    private static final int MOST_COLUMNS = 28;

    /** Each stage's steps: what is computed from what, and where ranks talk. */
    public String stages() {
        StringBuilder text = new StringBuilder();
        for (Stage stage : plan.stages()) {
            text.append("stage ").append(stage.index());
            if (plan.scheme().pipeline() > 1) {
                text.append(" on pp=").append(stage.pipelineRank());
            }
            text.append(": ").append(stage.label()).append('\n');
            List<String> lines = folded(stage.steps().stream().map(this::line).toList());
            lines.stream()
                    .limit(MOST_LINES)
                    .forEach(line -> text.append("  ").append(line).append('\n'));
            if (lines.size() > MOST_LINES) {
                text.append("  … ").append(lines.size() - MOST_LINES).append(" more steps\n");
            }
        }
        return text.toString();
    }

    /** Layers that repeat the one before are named, not drawn again. */
    private static List<String> folded(List<String> lines) {
        List<String> bare = lines.stream()
                .map(line -> LAYER.matcher(line).replaceAll("layers.*"))
                .toList();
        List<String> folded = new ArrayList<>();
        int at = 0;
        while (at < lines.size()) {
            int period = 1;
            int times = times(bare, at, period);
            while (times < 2 && period <= (lines.size() - at) / 2) {
                period++;
                times = times(bare, at, period);
            }
            if (times < 2) {
                folded.add(lines.get(at));
                at++;
                continue;
            }
            folded.addAll(lines.subList(at, at + period));
            String last = lines.subList(at + (times - 1) * period, at + times * period).stream()
                    .map(LAYER::matcher)
                    .filter(Matcher::find)
                    .map(Matcher::group)
                    .findFirst()
                    .orElse((times - 1) + " times more");
            folded.add("⋮ and so on to " + last);
            at += times * period;
        }
        return folded;
    }

    /** How often the {@code period} lines from {@code at} stand there in a row. */
    private static int times(List<String> lines, int at, int period) {
        int times = 1;
        while (at + (times + 1) * period <= lines.size()
                && lines.subList(at, at + period)
                        .equals(lines.subList(at + times * period, at + (times + 1) * period))) {
            times++;
        }
        return times;
    }

    private String line(Step step) {
        if (step instanceof Step.Local local) {
            Segment segment = local.segment();
            long split = segment.parameters().stream()
                    .filter(parameter -> parameter.placement() instanceof Placement.Split)
                    .count();
            return "│ " + segment.name()
                    + (split > 0 ? "  [split over tp=" + plan.scheme().tensor() + "]" : "");
        }
        Step.Communicate communicate = (Step.Communicate) step;
        String name = communicate.collective().name().toLowerCase(Locale.ROOT);
        String adjoint = communicate.collective().adjoint().name().toLowerCase(Locale.ROOT);
        return (communicate.collective().communicates() ? "╪ " : "┆ ") + name + " over "
                + communicate.axis().shortName() + "  (backward: " + adjoint + ")";
    }

    /** A row per pipeline rank, its passes in order; empty where there is no pipeline. */
    public String schedule() {
        if (plan.scheme().pipeline() < 2) {
            return "";
        }
        StringBuilder text = new StringBuilder("schedule " + plan.schedule().name() + ", "
                + Words.counted(plan.schedule().numMicrobatches(), "micro-batch") + ", held at most:");
        for (int rank = 0; rank < plan.schedule().numRanks(); rank++) {
            text.append(rank > 0 ? "," : "")
                    .append(" pp=")
                    .append(rank)
                    .append(' ')
                    .append(Figures.decimal(
                            plan.schedule().peakOnRank(rank, stage -> 1)
                                    / (double) plan.options().chunks(),
                            plan.options().chunks() > 1 ? 1 : 0));
        }
        text.append('\n');
        List<List<String>> rows = new ArrayList<>();
        for (List<Action> actions : plan.schedule().actions()) {
            rows.add(actions.stream()
                    .filter(action -> action instanceof Action.Compute)
                    .map(Action::toString)
                    .toList());
        }
        int width = rows.stream()
                        .flatMap(List::stream)
                        .mapToInt(String::length)
                        .max()
                        .orElse(3)
                + 1;
        for (int rank = 0; rank < rows.size(); rank++) {
            StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "pp=%-3d│", rank));
            List<String> row = rows.get(rank);
            for (String action : row.subList(0, Math.min(row.size(), MOST_COLUMNS))) {
                line.append(' ').append(action).append(" ".repeat(width - action.length() - 1));
            }
            if (row.size() > MOST_COLUMNS) {
                line.append(" … ").append(row.size() - MOST_COLUMNS).append(" more");
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
