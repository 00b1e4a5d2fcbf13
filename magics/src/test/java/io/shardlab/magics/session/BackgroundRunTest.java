package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.backend.Failure;
import io.shardlab.magics.command.TrainOptions;
import io.shardlab.magics.screen.Port;
import io.shardlab.magics.screen.RecordingPort;
import io.shardlab.plan.Scheme;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tech.tablesaw.api.Table;

/** A run goes on while cells come and go. */
@Timeout(30)
class BackgroundRunTest {

    @TempDir
    Path home;

    private final FakeBackend backend = new FakeBackend();
    private RecordingPort port = new RecordingPort(true);
    private Notebook notebook = new Notebook(port, () -> backend, Map.of());

    @BeforeEach
    void open() {
        notebook = new Notebook(port, () -> backend, Map.of("SHARDLAB_HOME", home.toString()));
    }

    @AfterEach
    void close() {
        notebook.close();
    }

    private Object shard(String line) {
        return notebook.line(List.of(line.split(" ")));
    }

    private StartedRun startOneThatGoesOn() throws InterruptedException {
        backend.trainUntilCancelled = true;
        shard("up -n 2");
        StartedRun run = assertInstanceOf(StartedRun.class, shard("train tiny --steps 50 -a -o first"));
        backend.training.await();
        return run;
    }

    /** Everything that stands in the notebook, the last state of what was updated included. */
    private String shown() {
        List<Port.Content> all = new ArrayList<>(List.copyOf(port.displays));
        all.addAll(List.copyOf(port.updates));
        StringBuilder text = new StringBuilder();
        all.forEach(content -> text.append(content.text()).append('\n'));
        return text.toString();
    }

    @Test
    void aRunInTheBackgroundLeavesTheSameTablesFilesAndValueAsOneInACell() throws Exception {
        shard("up -n 2");
        Run inCell = assertInstanceOf(Run.class, shard("train tiny --steps 6 -o cell"));
        StartedRun started = assertInstanceOf(StartedRun.class, shard("train --steps 6 -o back --noblock"));
        Run waited = assertInstanceOf(Run.class, shard("wait back"));
        assertEquals(StartedRun.State.DONE, started.state());
        assertEquals(inCell.table().print(), waited.table().print());
        assertEquals(inCell.memory().print(), waited.memory().print());
        assertEquals(inCell.metrics().print(), waited.metrics().print());
        for (String file : List.of("plan.json", "metrics.jsonl", "trace.json", "summary.json")) {
            assertEquals(
                    Files.readString(inCell.folder().resolve(file)),
                    Files.readString(waited.folder().resolve(file)),
                    file);
        }
        assertEquals("2-back", String.valueOf(waited.folder().getFileName()));
    }

    @Test
    void theCellThatBeganItShowsItsEnd() throws InterruptedException {
        backend.trainUntilCancelled = true;
        StartedRun run = startOneThatGoesOn();
        assertTrue(shown().contains("run first goes on in the background"), shown());
        assertFalse(shown().contains("weights MB"), shown());
        shard("interrupt first");
        assertEquals(StartedRun.State.INTERRUPTED, run.state());
        while (!shown().contains("weights MB")
                || port.displays.stream().filter(c -> c.png().isPresent()).count() < 3) {
            Thread.onSpinWait(); // Drawn on the run's own thread; the class has a time-out.
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"status", "jobs", "logs", "timeline", "top --for 1s", "plan tiny --tp 2", "devices", "help"})
    void whatOnlyLooksWorksWhileARunGoesOn(String line) throws InterruptedException {
        startOneThatGoesOn();
        assertFalse(shard(line).toString().isEmpty());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "place tiny           | place",
                "train --steps 2      | train",
                "train --steps 2 -a   | train",
                "save somewhere       | save",
                "load somewhere       | load",
                "infer --prompt x     | infer",
                "check                | check",
                "mem                  | mem",
                "vars                 | vars",
                "restart              | restart",
                "down                 | down"
            })
    void whatNeedsTheWorkersSaysThatARunIsUnderWayAndHowToGoOn(String line, String verb) throws InterruptedException {
        startOneThatGoesOn();
        List<String> before = List.copyOf(backend.started);
        ShardException refused = assertThrows(ShardException.class, () -> shard(line));
        String message = String.valueOf(refused.getMessage());
        assertTrue(
                message.startsWith(verb + ": run first is under way in the background (running, step 3 of 50)"),
                message);
        assertTrue(message.contains("`%shard interrupt first`"), message);
        assertEquals(before, backend.started);
        assertEquals(1, backend.cancelled.getCount(), "nothing was stopped");
    }

    @Test
    void anInterruptedRunKeepsItsStepsAndTheNextOneBegins() throws InterruptedException {
        StartedRun run = startOneThatGoesOn();
        backend.busy = true;
        shard("interrupt");
        assertEquals(StartedRun.State.INTERRUPTED, run.state());
        assertTrue(shown().contains("run first: interrupted; weights kept at step 3; ranks 0–1 in 0B1"), shown());
        Run result = assertInstanceOf(Run.class, shard("wait first"));
        assertEquals(3, result.loss().length);
        backend.trainUntilCancelled = false;
        assertInstanceOf(Run.class, shard("train --steps 2"));
        Table jobs = assertInstanceOf(Table.class, shard("jobs"));
        assertEquals(List.of("first", "tiny"), jobs.stringColumn("name").asList());
        assertEquals(List.of("interrupted", "done"), jobs.stringColumn("state").asList());
        assertEquals(List.of("background", "cell"), jobs.stringColumn("place").asList());
        assertEquals(List.of("1-first", "2-tiny"), jobs.stringColumn("folder").asList());
        ShardException refused = assertThrows(ShardException.class, () -> shard("interrupt first"));
        assertTrue(String.valueOf(refused.getMessage()).contains("has ended"), refused.getMessage());
    }

    @Test
    void aSecondInterruptOfARunThatIsStoppingKills() throws InterruptedException {
        backend.ignoreCancel = true;
        startOneThatGoesOn();
        shard("interrupt first");
        assertTrue(shown().contains("still stopping; `%shard interrupt first` once more kills"), shown());
        assertEquals(1, backend.killed.getCount());
        shard("interrupt first");
        backend.killed.await();
        assertTrue(shown().contains("the workers are being killed"), shown());
    }

    @Test
    void attachShowsWhatWasBeforeAndEndsWithTheRun() throws InterruptedException {
        startOneThatGoesOn();
        port.displays.clear();
        port.updates.clear();
        BlockingQueue<Object> ends = new LinkedBlockingQueue<>();
        Thread cell = new Thread(() -> ends.add(shard("attach first")));
        cell.start();
        while (!shown().contains("3/50 steps")) {
            Thread.onSpinWait();
        }
        notebook.openLab().interrupt("first");
        assertInstanceOf(Run.class, ends.poll(20, TimeUnit.SECONDS));
        assertTrue(shown().contains("weights MB"), shown());
        port.displays.clear();
        shard("attach first");
        assertTrue(shown().contains("weights MB"), "a run that has ended is drawn again: " + shown());
    }

    @Test
    void anInterruptOfWaitingOrWatchingDoesNotStopTheRun() throws InterruptedException {
        StartedRun run = startOneThatGoesOn();
        for (String verb : List.of("wait", "attach", "top --for 1h")) {
            String end = InterruptedWait.end(() -> shard(verb));
            assertTrue(end.startsWith("interrupted: "), end);
            assertEquals(StartedRun.State.RUNNING, run.state());
        }
        assertEquals(1, backend.cancelled.getCount());
    }

    @Test
    void whatCannotBeginIsRefusedInTheCellAndIsNoRun() {
        shard("up -n 2");
        ShardException refused = assertThrows(ShardException.class, () -> shard("train tiny --data nowhere -a"));
        assertTrue(String.valueOf(refused.getMessage()).contains("nowhere"), refused.getMessage());
        assertEquals(0, notebook.openLab().jobs().rowCount());
        assertThrows(ShardException.class, () -> shard("train -a --steps 2"));
        assertInstanceOf(StartedRun.class, shard("train tiny --steps 2 -a"));
    }

    /** The second of a name hid the first, though both had their folders. */
    @Test
    void runsOfOneNameAreBothListedAndTheNameMeansTheNewest() {
        shard("train tiny --steps 3 -o twice");
        shard("train --steps 5 -o twice");
        Table jobs = assertInstanceOf(Table.class, shard("jobs"));
        assertEquals(List.of("twice", "twice"), jobs.stringColumn("name").asList());
        assertEquals(List.of("1-twice", "2-twice"), jobs.stringColumn("folder").asList());
        assertEquals(5, assertInstanceOf(Run.class, shard("wait twice")).loss().length);
        assertEquals(3, assertInstanceOf(Run.class, shard("wait 1-twice")).loss().length);
    }

    @Test
    void aFailedRunShowsItsCardWhereItWasBegunAndWhereSomebodyWaits() {
        shard("up -n 2");
        shard("place tiny");
        backend.failures =
                List.of(new Failure(1, "tp=1", "cpu:1", "train, step 0", "OutOfMemoryError", List.of("at x"), false));
        StartedRun run = assertInstanceOf(StartedRun.class, shard("train --steps 2 -a -o bad"));
        ShardException failed = assertThrows(ShardException.class, () -> shard("wait bad"));
        assertTrue(String.valueOf(failed.getMessage()).startsWith("rank 1 (tp=1, cpu:1) failed"), failed.getMessage());
        assertEquals(StartedRun.State.FAILED, run.state());
        assertTrue(shown().contains("✗ rank 1 (tp=1, cpu:1)"), shown());
    }

    @Test
    void whereACellTakesNoOutputAfterItsEndTheLineSaysSo() throws InterruptedException {
        port = new RecordingPort(true) {
            @Override
            public boolean lasting() {
                return false;
            }
        };
        open();
        startOneThatGoesOn();
        assertTrue(shown().contains("this kernel takes no output after a cell has ended"), shown());
        shard("interrupt");
        assertFalse(shown().contains("weights MB"), "nothing is drawn into a cell that has ended");
    }

    @Test
    void plainJavaHasTheSame() {
        try (Lab lab = new Lab(backend, Map.of("SHARDLAB_HOME", home.toString()))) {
            lab.up(2).place("tiny", Scheme.tp(2));
            StartedRun run = lab.start(TrainOptions.steps(3).withName("mine"));
            assertEquals(3, run.await().metrics().rowCount());
            assertEquals(3, lab.await("mine").metrics().rowCount());
            assertEquals(1, lab.jobs().rowCount());
        }
    }
}
