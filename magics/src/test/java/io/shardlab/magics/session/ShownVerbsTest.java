package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.backend.Failure;
import io.shardlab.magics.screen.Port;
import io.shardlab.magics.screen.RecordingPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tech.tablesaw.api.Table;

/** Each verb shows its own output once and returns data. */
class ShownVerbsTest {

    @TempDir
    Path home;

    private final FakeBackend backend = new FakeBackend();
    private RecordingPort port = new RecordingPort(false);
    private Notebook notebook = new Notebook(port, () -> backend, Map.of());

    @BeforeEach
    void open() {
        watch(false);
    }

    private void watch(boolean interactive) {
        port = new RecordingPort(interactive);
        notebook = new Notebook(port, () -> backend, Map.of("SHARDLAB_HOME", home.toString()));
    }

    @AfterEach
    void close() {
        notebook.close();
    }

    private Object shard(String line) {
        return notebook.line(List.of(line.split(" ")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "up -n 2            | 1",
                "plan tiny --tp 2   | 1",
                "place tiny --tp 2  | 1",
                "status             | 1",
                "top --for 1s       | 1",
                "status --for 1s    | 1",
                "jobs               | 1",
                "restart -t 1       | 1",
                "devices            | 1",
                "models             | 1",
                "data               | 1",
                "doctor             | 1",
                "mem                | 1",
                "mem --chart        | 2",
                "timeline           | 2",
                "traffic            | 1",
                "traffic --chart    | 2",
                "logs -t 0          | 1",
                "check              | 1",
                "help               | 1",
                "help up            | 1",
                "up --help          | 1",
                "down               | 1",
                "down --now         | 1",
            })
    void aVerbShowsItsTableOnceInHtmlAndText(String line, int displays) {
        shard("up -n 2");
        shard("place tiny --tp 2");
        port.displays.clear();
        Object value = shard(line);
        assertEquals(displays, port.displays.size());
        assertTrue(port.updates.isEmpty());
        for (Port.Content content : port.displays) {
            assertFalse(content.text().isBlank());
            assertTrue(content.html().isEmpty() == content.png().isPresent());
            String others = content.html().replace("<div style=\"overflow-x:auto\">", "");
            assertFalse(others.matches("(?is).*<(script|style).*|.* style=.*"), content.html());
        }
        assertTrue(value instanceof Table || !value.toString().contains("\n"), value.toString());
    }

    /** It showed the empty table for its whole time. */
    @Test
    @Timeout(20)
    void topWithoutWorkersSaysSoAtOnce() {
        shard("top --for 1h");
        assertTrue(port.displays.get(0).text().contains("no workers; %shard up starts some"));
    }

    @Test
    void trainingPlacesFirstThenShowsTablesAndThreeCharts() {
        Run run = assertInstanceOf(Run.class, shard("train tiny --tp 2 --steps 20 --batch 8 --seq 32"));
        assertEquals(List.of("place tiny tp=2", "train 20"), backend.started);
        assertEquals(4, port.displays.size());
        assertTrue(port.updates.isEmpty(), "nobody watches, so nothing is updated");
        assertEquals(3, port.displays.stream().filter(c -> c.png().isPresent()).count());
        assertEquals(20, run.loss().length);
        assertEquals(8, run.plan().workload().batch());
        shard("train --steps 3");
        shard("train tiny --steps 3");
        assertEquals(List.of("place tiny tp=2", "train 20", "train 3", "train 3"), backend.started);
        shard("train tiny --tp 4 --steps 3");
        assertTrue(backend.started.contains("place tiny tp=4"));
    }

    @Test
    void whoWatchesSeesOneDisplayThatEndsAsTheTables() {
        watch(true);
        shard("train tiny --steps 20");
        long tables = port.displays.stream().filter(c -> c.png().isEmpty()).count();
        assertEquals(1, tables);
        Port.Content last = port.updates.isEmpty() ? port.displays.get(0) : port.updates.get(port.updates.size() - 1);
        assertTrue(last.text().contains("tokens/s") && last.text().contains("weights MB"), last.text());
    }

    @Test
    void theFilesOfARunHoldWhatWasPromised() throws IOException {
        Run run = assertInstanceOf(Run.class, shard("train tiny --tp 2 --steps 4 -o first"));
        assertEquals("1-first", String.valueOf(run.folder().getFileName()));
        assertEquals(
                4, Files.readAllLines(run.folder().resolve("metrics.jsonl")).size());
        assertTrue(
                Files.readAllLines(run.folder().resolve("metrics.jsonl")).get(0).startsWith("{\"step\":0,\"loss\":"));
        String summary = Files.readString(run.folder().resolve("summary.json"));
        for (String field : List.of(
                "scheme",
                "model",
                "steps",
                "tokensPerSecond",
                "stepMillis",
                "median",
                "p95",
                "predicted",
                "time",
                "compute",
                "memory",
                "communication",
                "environment")) {
            assertTrue(summary.contains("\"" + field + "\""), field + " is not in " + summary);
        }
        assertTrue(Files.readString(run.folder().resolve("trace.json")).contains("\"traceEvents\""));
        assertTrue(Files.readString(run.folder().resolve("plan.json")).contains("\"scheme\" : \"tp=2\""));
        assertEquals(
                "2-tiny",
                String.valueOf(assertInstanceOf(Run.class, shard("train --steps 2"))
                        .folder()
                        .getFileName()));
    }

    @Test
    void columnsThatCellsRelyOnAreThere() {
        shard("up -n 2");
        Run run = assertInstanceOf(Run.class, shard("train tiny --steps 2"));
        assertEquals(
                List.of(
                        "scheme",
                        "workers",
                        "steps",
                        "step_ms",
                        "step_ms_p95",
                        "tokens_per_s",
                        "bubble_pct",
                        "comm_pct",
                        "loss_first",
                        "loss_last"),
                run.table().columnNames());
        List<String> memory = List.of(
                "rank",
                "role",
                "device",
                "weights_mb",
                "gradients_mb",
                "optimizer_mb",
                "activations_mb",
                "comm_mb",
                "kv_mb",
                "heap_mb",
                "other_mb",
                "total_mb",
                "planned_mb",
                "limit_mb");
        assertEquals(memory, run.memory().columnNames());
        assertEquals(memory, assertInstanceOf(Table.class, shard("mem")).columnNames());
        assertTrue(assertInstanceOf(Table.class, shard("status"))
                .columnNames()
                .containsAll(List.of(
                        "rank", "role", "pid", "device", "state", "last_action", "rss_mb", "limit_mb", "last_error")));
        assertEquals(2, assertInstanceOf(Table.class, shard("status")).rowCount());
    }

    @Test
    void generatedTextAppearsOnceAndIsWholeCharacters() {
        shard("place tiny");
        port.displays.clear();
        Answer answer = assertInstanceOf(Answer.class, shard("infer --prompt x --max-new 9"));
        assertEquals("grün <b>", answer.text());
        assertEquals("xgrün <b>\n", port.streamed.toString());
        assertEquals(1, port.displays.size());
    }

    @Test
    void textFromElsewhereIsEscaped() {
        shard("up -n 2");
        port.displays.clear();
        shard("logs");
        shard("devices");
        for (Port.Content content : port.displays) {
            assertFalse(content.html().contains("<rank>") || content.html().contains("<share>"), content.html());
        }
    }

    @Test
    void failingWorkersShowOneCardAndEndTheCellWithTheSummary() {
        shard("place tiny");
        port.displays.clear();
        backend.failures = List.of(
                new Failure(0, "tp=0", "cpu:0", "train, step 0", "peer 1 is gone", List.of(), true),
                new Failure(
                        1,
                        "tp=1",
                        "cpu:1",
                        "train, step 0, 0F1",
                        "OutOfMemoryError: <heap>",
                        List.of("at x", "at y"),
                        false),
                new Failure(
                        2, "tp=2", "cpu:2", "train, step 0, 0F1", "OutOfMemoryError: <heap>", List.of("at x"), false),
                new Failure(
                        3, "tp=3", "cpu:3", "train, step 0, 0F1", "OutOfMemoryError: <heap>", List.of("at x"), false));
        ShardException failed = assertThrows(ShardException.class, () -> shard("train --steps 2"));
        assertEquals(
                "rank 1 (tp=1, cpu:1) failed in train, step 0, 0F1: OutOfMemoryError: <heap>; same on ranks 2–3",
                failed.getMessage());
        List<Port.Content> cards = List.copyOf(port.displays);
        assertEquals(1, cards.size());
        assertTrue(cards.get(0).html().contains("&lt;heap&gt;"));
        assertTrue(
                cards.get(0).text().contains("1 rank stopped because of this"),
                cards.get(0).text());
    }
}
