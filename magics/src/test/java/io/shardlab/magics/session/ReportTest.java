package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.command.CompareOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.TrainOptions;
import io.shardlab.plan.Scheme;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The report is one file that needs nothing else; {@code -Dreport.folder=/tmp/report} keeps one to look at. */
class ReportTest {

    private static final Pattern PICTURE =
            Pattern.compile("<img alt=\"([^\"]+)\" src=\"data:image/png;base64,([^\"]+)\"");

    @TempDir
    Path home;

    private final FakeBackend backend = new FakeBackend();

    private Lab lab() {
        return new Lab(backend, Map.of("SHARDLAB_HOME", home.toString()));
    }

    private String session(Path file) throws IOException {
        try (Lab lab = lab()) {
            lab.up(2);
            lab.plan("tiny", Scheme.tp(2));
            lab.train(TrainOptions.steps(5).withPlacement(PlanOptions.of("tiny", Scheme.tp(2))));
            lab.check();
            lab.compare(CompareOptions.of("tiny", "single; naive=2; tp=2").withRepeat(2));
            lab.report(file, Optional.of("Two <workers>"));
        }
        return Files.readString(file);
    }

    @Test
    void everySectionIsThereAndNothingIsFetchedOrRun() throws IOException {
        Path folder = Optional.ofNullable(System.getProperty("report.folder"))
                .map(Path::of)
                .orElse(home);
        String html = session(folder.resolve("deep/report.html"));
        for (String section : List.of("Environment", "Plan", "Runs", "Checks", "Comparisons")) {
            assertTrue(html.contains(">" + section + "</h2>"), section);
        }
        assertTrue(html.contains("<h1>Two &lt;workers&gt;</h1>"));
        assertTrue(html.contains("Nothing is simulated"));
        assertTrue(html.contains("prefers-color-scheme: dark") && html.contains("@media print"));
        assertFalse(html.matches("(?is).*<script.*|.*<link.*|.*https?://.*|.*@import.*|.*url\\(.*"));
    }

    @Test
    void everyFigureDecodesAndSaysWhatItShows() throws IOException {
        Matcher matcher = PICTURE.matcher(session(home.resolve("report.html")));
        List<String> titles = new ArrayList<>();
        while (matcher.find()) {
            titles.add(matcher.group(1));
            assertNotNull(
                    ImageIO.read(new ByteArrayInputStream(Base64.getDecoder().decode(matcher.group(2)))));
        }
        for (String title : List.of(
                "Loss, ",
                "Throughput, ",
                "Memory by rank",
                "Measured timeline",
                "Throughput by scheme",
                "Where a step")) {
            assertTrue(titles.stream().anyMatch(one -> one.startsWith(title)), title + " is not among " + titles);
        }
    }

    @Test
    void aSessionWithoutRunsSaysSo() throws IOException {
        try (Lab lab = lab()) {
            String html = Files.readString(lab.report(home.resolve("empty.html")));
            assertTrue(html.contains("Nothing was trained") && html.contains("No schemes were compared"));
        }
    }

    @Test
    void whatIsOnlySimulatedStandsFirst() {
        Journal journal = new Journal();
        Map<String, Object> environment =
                Map.of("simulated", true, "link", "simulated link 1 GB/s, 50 µs", "memoryLimitBytes", 1L << 30);
        Runs.TrainOutcome outcome = new FakeRuns(backend).outcome(environment);
        journal.ran(new Run(outcome, Path.of("1-tiny")));
        String html = new Report(journal, List.of(), "x").html(ZonedDateTime.now(ZoneOffset.UTC));
        assertTrue(html.contains("<b>Simulated: simulated link 1 GB/s, 50 µs; memory budget of 1.0 GB per worker"));
    }

    @Test
    void aReportReplacesAReportButNoOtherFile() throws IOException {
        try (Lab lab = lab()) {
            Path file = lab.report(home.resolve("twice.html"));
            lab.report(file, Optional.of("second"));
            assertTrue(Files.readString(file).contains("<h1>second</h1>"));
            assertThrows(IllegalArgumentException.class, () -> lab.report(home.resolve("notes.txt")));
            try (var left = Files.list(home)) {
                assertEquals(
                        0,
                        left.filter(path -> path.toString().contains(".report")).count());
            }
        }
    }

    @Test
    void theEnvironmentOfARunKeepsItsOrder() {
        Map<String, Object> ordered = new LinkedHashMap<>();
        for (String key : List.of("zeta", "cores", "alpha", "memoryBytes", "java", "engine", "simulated", "b", "a")) {
            ordered.put(key, 1);
        }
        assertEquals(
                List.copyOf(ordered.keySet()),
                List.copyOf(new FakeRuns(backend).outcome(ordered).environment().keySet()));
    }
}
