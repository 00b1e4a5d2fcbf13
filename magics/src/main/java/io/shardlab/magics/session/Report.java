package io.shardlab.magics.session;

import io.shardlab.magics.backend.Diagnosis;
import io.shardlab.magics.table.PlanGrids;
import io.shardlab.magics.table.RankTimes;
import io.shardlab.magics.view.Chart;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Figures;
import io.shardlab.magics.view.GanttChart;
import io.shardlab.magics.view.Grid;
import io.shardlab.magics.view.Page;
import io.shardlab.magics.view.Pictures;
import io.shardlab.magics.view.PlanPicture;
import io.shardlab.plan.Words;
import io.shardlab.trace.Timeline;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What a session did, as one page. */
final class Report {

    static final String TITLE = "shardlab session";

    private final Journal journal;
    private final List<Diagnosis.DoctorRow> machine;
    private final Pictures pictures;
    private final Page page;

    /** @param machine what the doctor found, for the environment */
    Report(Journal journal, List<Diagnosis.DoctorRow> machine, String title) {
        this.journal = journal;
        this.machine = machine;
        this.page = new Page(title);
        this.pictures = new Pictures(complaint -> page.paragraph(complaint));
    }

    /** The document; every section is there, and says so where nothing happened. */
    String html(ZonedDateTime now) {
        environment();
        plan();
        runs();
        checks();
        comparisons();
        String when =
                DateTimeFormatter.ofPattern("d MMMM uuuu, HH:mm z", Locale.ROOT).format(now);
        return page.html(
                "written on " + when + ": " + Words.counted(journal.runs().size(), "run") + ", "
                        + Words.counted(journal.verdicts().size(), "check") + ", "
                        + Words.counted(journal.comparisons().size(), "comparison"));
    }

    private record Fact(String name, String value) {}

    private void environment() {
        page.section("Environment");
        List<Run> runs = journal.runs();
        Map<String, Object> known =
                runs.isEmpty() ? Map.of() : runs.get(runs.size() - 1).outcome().environment();
        Object simulated = known.get("simulated");
        if (Boolean.TRUE.equals(simulated)) {
            List<String> what = new ArrayList<>();
            Optional.ofNullable(known.get("link")).ifPresent(link -> what.add(link.toString()));
            Optional.ofNullable(known.get("memoryLimitBytes"))
                    .ifPresent(bytes -> what.add("memory budget of " + Figures.bytes(Long.parseLong(bytes.toString()))
                            + " per worker (simulated device size)"));
            page.alarm("Simulated: " + String.join("; ", what) + ".");
        } else if (Boolean.FALSE.equals(simulated)) {
            page.paragraph("Nothing is simulated: links and memory are the machine's own.");
        }
        if (!known.isEmpty()) {
            page.table(facts(
                    "workers of the last run",
                    known.entrySet().stream()
                            .map(entry -> new Fact(words(entry.getKey()), value(entry.getKey(), entry.getValue())))
                            .toList()));
        }
        page.table(facts(
                "this machine",
                machine.stream()
                        .map(row -> new Fact(row.subject(), row.finding()))
                        .toList()));
    }

    private static Grid<Fact> facts(String caption, List<Fact> facts) {
        return new Grid<>(
                caption,
                List.of(Column.text("name", "what", Fact::name), Column.text("value", "found", Fact::value)),
                facts);
    }

    /** {@code coresSource} as {@code cores source}. */
    private static String words(String key) {
        return key.replaceAll("([a-z])([A-Z])", "$1 $2")
                .toLowerCase(Locale.ROOT)
                .replace(" bytes", "");
    }

    private static String value(String key, Object value) {
        if (key.endsWith("Bytes") && value instanceof Number bytes) {
            return Figures.bytes(bytes.longValue());
        }
        if (value instanceof Boolean yes) {
            return yes ? "yes" : "no";
        }
        return value instanceof List<?> list
                ? String.join(", ", list.stream().map(Object::toString).toList())
                : value.toString();
    }

    private void plan() {
        page.section("Plan");
        Optional<PlanView> shown = journal.plan();
        List<Run> runs = journal.runs();
        if (shown.isPresent()) {
            PlanView view = shown.get();
            page.table(PlanGrids.estimate(view.estimate())).paragraph(view.figures());
            view.estimate().advice().forEach(page::paragraph);
            page.preformatted(view.picture());
        } else if (!runs.isEmpty()) {
            PlanPicture picture = new PlanPicture(runs.get(runs.size() - 1).plan());
            page.paragraph("The plan of the last run.").preformatted(picture.stages() + picture.schedule());
        } else {
            page.paragraph("No plan was made in this session.");
        }
    }

    private void runs() {
        page.section("Runs");
        List<Run> runs = journal.runs();
        if (runs.isEmpty()) {
            page.paragraph("Nothing was trained in this session.");
        }
        if (journal.numForgottenRuns() > 0) {
            page.paragraph(journal.numForgottenRuns() + " earlier runs are left out.");
        }
        for (Run run : runs) {
            page.part("Run " + run.folder().getFileName() + ": " + run.subject() + " under "
                    + run.plan().scheme());
            page.table(run.throughput()).table(run.memoryGrid());
            run.charts().forEach(this::figure);
            Timeline timeline = run.timeline();
            if (!timeline.spans().isEmpty()) {
                figure(new GanttChart("step " + timeline.spans().get(0).step() + " of this run", timeline));
                page.table(RankTimes.of(timeline));
            }
        }
    }

    private void figure(Chart chart) {
        page.figure(chart, pictures.png(chart));
    }

    private void checks() {
        page.section("Checks");
        if (journal.verdicts().isEmpty()) {
            page.paragraph("Nothing was checked against a single device in this session.");
        }
        for (Verdict verdict : journal.verdicts()) {
            page.part(verdict.outcome().plan().model() + ": " + verdict);
            page.table(verdict.shortGrid());
        }
    }

    private void comparisons() {
        page.section("Comparisons");
        if (journal.comparisons().isEmpty()) {
            page.paragraph("No schemes were compared in this session.");
        }
        for (Compared<?> comparison : journal.comparisons()) {
            page.part(comparison.subject());
            comparison.alarm().ifPresent(page::alarm);
            page.table(comparison.grid());
            comparison.lines().forEach(page::paragraph);
            comparison.charts().forEach(this::figure);
        }
    }
}
