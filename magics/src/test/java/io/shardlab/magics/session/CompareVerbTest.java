package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.screen.RecordingPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tech.tablesaw.api.Table;

/** What {@code compare} does around the runs: workers, order, what was placed. */
class CompareVerbTest {

    @TempDir
    Path home;

    private final FakeBackend backend = new FakeBackend();
    private final RecordingPort port = new RecordingPort(false);

    private Notebook open() {
        return new Notebook(port, () -> backend, Map.of("SHARDLAB_HOME", home.toString()));
    }

    private static List<String> words(String line, String schemes) {
        return Stream.concat(Stream.of(line.split(" ")), Stream.of("--schemes", schemes))
                .toList();
    }

    @Test
    void schemesTakeTurnsForwardsAndBackwardsAfterOneUntimedRunOfEach() {
        try (Notebook open = open()) {
            open.line(List.of("up", "-n", "2"));
            backend.started.clear();
            open.line(words("compare tiny --steps 2 --repeat 2", "single; tp=2; dp=2"));
            List<String> placed = backend.started.stream()
                    .filter(what -> what.startsWith("place "))
                    .map(what -> what.substring("place tiny ".length()))
                    .toList();
            // the last of each four is two independent single runs, for the ceiling
            assertEquals(
                    List.of(
                            "tp=2", "dp=2", "dp=2", "single", "single", // until it is hardly quicker
                            "single", "tp=2", "dp=2", "dp=2", //
                            "dp=2", "dp=2", "tp=2", "single"),
                    placed);
            assertEquals(
                    List.of("train 3"),
                    backend.started.stream()
                            .filter(what -> what.startsWith("train "))
                            .distinct()
                            .toList());
            assertEquals(3, backend.started.stream().filter("apart"::equals).count());
        }
    }

    @Test
    void generationTakesTurnsInTheSameOrderAndEndsInATableAndTwoCharts() {
        try (Notebook open = open()) {
            open.line(List.of("up", "-n", "2"));
            open.line(List.of("place", "tiny", "--tp", "2"));
            backend.started.clear();
            Table table = assertInstanceOf(
                    Table.class,
                    open.line(words("compare tiny --infer --prompt abc --max-new 5 --repeat 2", "single; tp=2; pp=2")));
            assertEquals(
                    List.of("tp=2", "pp=2", "single", "single", "single", "tp=2", "pp=2", "pp=2", "tp=2", "single"),
                    backend.started.stream()
                            .filter(what -> what.startsWith("place "))
                            .map(what -> what.substring("place tiny ".length()))
                            .toList());
            assertEquals(
                    List.of("infer 3 + 5"),
                    backend.started.stream()
                            .filter(what -> what.startsWith("infer"))
                            .distinct()
                            .toList());
            assertEquals("back tp=2", backend.started.get(backend.started.size() - 1));
            assertTrue(table.columnNames()
                    .containsAll(List.of(
                            "scheme",
                            "workers",
                            "tokens_per_s",
                            "tokens_per_s_low",
                            "tokens_per_s_high",
                            "speedup",
                            "ttft_ms",
                            "token_ms",
                            "peak_mb",
                            "comm_pct",
                            "tokens")));
            assertEquals(
                    List.of("reference", "the same", "the same"),
                    table.stringColumn("tokens").asList());
            assertEquals(
                    2,
                    port.displays.stream()
                            .filter(shown -> shown.png().isPresent())
                            .count());
        }
    }

    @Test
    void whatWasPlacedIsPutAsideFirstAndBackLastAndTheUserIsTold() throws IOException {
        try (Notebook open = open()) {
            open.line(List.of("up", "-n", "2"));
            open.line(List.of("place", "tiny", "--tp", "2"));
            backend.started.clear();
            open.line(words("compare tiny --repeat 1", "single; pp=2"));
            assertEquals("aside tp=2", backend.started.get(0));
            assertEquals("back tp=2", backend.started.get(backend.started.size() - 1));
            assertTrue(port.displays.stream().anyMatch(shown -> shown.text().contains("tp=2 is placed again.")));
        }
        try (Stream<Path> left = Files.list(home.resolve("aside"))) {
            assertEquals(0, left.count());
        }
    }

    /** The folder for what is placed used to stay behind, empty. */
    @Test
    void whereNothingCanBePutAsideNothingRunsAndNothingIsLeft() throws IOException {
        backend.diskFull = true;
        try (Notebook open = open()) {
            open.line(List.of("up", "-n", "2"));
            open.line(List.of("place", "tiny", "--tp", "2"));
            backend.started.clear();
            assertThrows(ShardException.class, () -> open.line(words("compare tiny --repeat 1", "single; pp=2")));
            assertEquals(List.of(), backend.started);
        }
        try (Stream<Path> left = Files.list(home.resolve("aside"))) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void withoutWorkersItStartsTheOnesItNeedsAndStopsThem() {
        try (Notebook open = open()) {
            open.line(words("compare tiny --repeat 1", "single; tp=4"));
            assertEquals("up 4", backend.started.get(0));
            assertEquals(0, backend.workers);
            assertTrue(port.displays.stream()
                    .anyMatch(shown -> shown.text().contains("4 workers were started for this and stopped after it.")));
        }
    }

    @Test
    void tooFewWorkersAreRefusedBeforeAnythingRuns() {
        try (Notebook open = open()) {
            open.line(List.of("up", "-n", "2"));
            backend.started.clear();
            ShardException refused =
                    assertThrows(ShardException.class, () -> open.line(words("compare tiny", "single; tp=4")));
            assertTrue(String.valueOf(refused.getMessage()).startsWith("tp=4 needs 4 workers; there are 2"));
            assertEquals(List.of(), backend.started);
        }
    }

    @Test
    void theValueIsATableAndTheOutputIsATableAndTwoCharts() {
        try (Notebook open = open()) {
            Table table =
                    assertInstanceOf(Table.class, open.line(words("compare tiny --repeat 2", "single; naive=2; tp=2")));
            assertEquals(3, table.rowCount());
            assertTrue(table.columnNames()
                    .containsAll(List.of(
                            "scheme",
                            "workers",
                            "step_ms",
                            "step_ms_low",
                            "step_ms_high",
                            "tokens_per_s",
                            "speedup",
                            "speedup_naive",
                            "efficiency",
                            "peak_mb",
                            "bubble_pct",
                            "comm_pct",
                            "predicted_step_ms")));
            assertFalse(table.columnNames().contains(""));
            assertEquals(3, port.displays.size());
            assertEquals(
                    2,
                    port.displays.stream()
                            .filter(shown -> shown.png().isPresent())
                            .count());
        }
    }

    @Test
    void anInterruptedComparisonLeavesTheTableOfWhatItHad() throws InterruptedException {
        try (Notebook open = open()) {
            open.line(List.of("up", "-n", "2"));
            StringBuffer end = new StringBuffer();
            Thread cell = new Thread(() -> {
                try {
                    open.line(words("compare tiny --repeat 1000000", "single; tp=2"));
                } catch (ShardException stopped) {
                    end.append(stopped.getMessage());
                }
            });
            cell.start();
            while (List.copyOf(backend.started).stream()
                            .filter("together"::equals)
                            .count()
                    < 8) {
                Thread.onSpinWait();
            }
            cell.interrupt();
            cell.join(20_000);
            assertTrue(end.toString().startsWith("interrupted: compare; "), end.toString());
            assertTrue(end.toString().contains("what they measured is in the table"), end.toString());
            assertTrue(port.displays.stream().anyMatch(shown -> shown.text().contains("Stopped after ")), "no table");
        }
    }
}
