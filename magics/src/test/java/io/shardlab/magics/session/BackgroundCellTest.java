package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.screen.RecordingPort;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tech.tablesaw.api.Table;

/** A cell on the workers goes on while other cells come and go. */
@Timeout(30)
class BackgroundCellTest {

    @TempDir
    Path home;

    private final FakeBackend backend = new FakeBackend();
    private final FakeKernel kernel = new FakeKernel();
    private RecordingPort port = new RecordingPort(true);

    @SuppressWarnings("NullAway.Init") // Opened before each test.
    private Notebook notebook;

    @BeforeEach
    void open() {
        notebook = new Notebook(port, kernel, () -> backend, Map.of("SHARDLAB_HOME", home.toString()));
        shard("up -n 4");
        port.displays.clear();
    }

    @AfterEach
    void close() {
        notebook.close();
    }

    private Object shard(String line) {
        return notebook.line(List.of(line.split(" ")));
    }

    private Object cell(String flags, String body) {
        return notebook.cell(List.of(flags.split(" ")), body);
    }

    private StartedCell startOneThatGoesOn() throws InterruptedException {
        StartedCell cell = assertInstanceOf(StartedCell.class, cell("-t 0-1 --noblock -o long", "loop"));
        backend.training.await();
        return cell;
    }

    private String shown() {
        StringBuilder text = new StringBuilder();
        List.copyOf(port.displays).forEach(content -> text.append(content.text()));
        return text.toString();
    }

    private static String refusal(Executable wrong) {
        return String.valueOf(assertThrows(ShardException.class, wrong).getMessage());
    }

    @Test
    void theCellThatBeganItShowsWhatItPrintsAndItsValuesAndSoDoesWaiting() throws InterruptedException {
        StartedCell begun = assertInstanceOf(StartedCell.class, cell("-a -o sum", "1 + 1"));
        begun.awaitEnd();
        while (!shown().contains("ranks 0–3 (×4): 5")) {
            Thread.onSpinWait(); // Drawn on the cell's own thread; the class has a time-out.
        }
        assertTrue(shown().startsWith("cell sum goes on in the background; `%shard wait sum`"), shown());
        assertEquals("ranks 0–3 (×4): 1 + 1\n", port.streamed.toString());
        for (int again = 0; again < 2; again++) {
            port.displays.clear();
            port.streamed.setLength(0);
            CellRun waited = assertInstanceOf(CellRun.class, shard("wait sum"));
            assertEquals(Optional.of("5"), waited.value(3));
            assertEquals("ranks 0–3 (×4): 1 + 1\n", port.streamed.toString());
            assertEquals("ranks 0–3 (×4): 5\n", shown());
        }
        assertEquals(Optional.of("5"), notebook.openLab().result("sum").value(0));
    }

    @Test
    void jobsListsItBesideRuns() throws InterruptedException {
        shard("train tiny --steps 2 -o first");
        startOneThatGoesOn();
        Table jobs = assertInstanceOf(Table.class, shard("jobs"));
        assertEquals(List.of("first", "long"), jobs.stringColumn("name").asList());
        assertEquals(List.of("run", "cell"), jobs.stringColumn("kind").asList());
        assertEquals(List.of("done", "running"), jobs.stringColumn("state").asList());
        assertEquals("0-1", jobs.stringColumn("ranks").get(1));
        assertEquals(2, jobs.longColumn("steps").get(0));
        assertTrue(jobs.longColumn("steps").isMissing(1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"place tiny", "train --steps 2", "train --steps 2 -a", "vars", "mem", "restart", "down"})
    void whatNeedsTheWorkersSaysThatACellIsUnderWayAndHowToGoOn(String line) throws InterruptedException {
        startOneThatGoesOn();
        List<String> before = List.copyOf(backend.started);
        String message = refusal(() -> shard(line));
        assertTrue(message.contains("cell long is under way in the background (running, "), message);
        assertTrue(message.contains(" s on ranks 0-1)"), message);
        assertTrue(message.contains("`%shard interrupt long` stops it"), message);
        assertEquals(before, backend.started);
    }

    @Test
    void anInterruptOfSomeRanksStopsWhatRunsOnThemAndNothingElse() throws InterruptedException {
        startOneThatGoesOn();
        assertEquals(
                "interrupt: cell long runs on ranks 0–1, not on ranks 2–3; nothing was stopped",
                refusal(() -> shard("interrupt -t 2-3")));
        assertTrue(refusal(() -> shard("interrupt -t 4")).contains("there is no rank 4; allowed: 0 to 3"));
        assertEquals(1, backend.cancelled.getCount());
        port.displays.clear();
        assertEquals(Started.State.INTERRUPTED, ((StartedCell) shard("interrupt -t 1,2")).state());
        assertTrue(shown().contains("; what runs on several ranks stops on all of them, here ranks 0–1"), shown());
    }

    @Test
    void anotherCellIsRefusedWhileLooksWork() throws InterruptedException {
        startOneThatGoesOn();
        assertTrue(refusal(() -> cell("-t 3", "1")).startsWith("cell: cell long is under way"));
        assertTrue(refusal(() -> cell("-t 3 -a", "1")).contains("cell long is under way"));
        assertInstanceOf(Table.class, shard("status"));
        assertTrue(shard("top --for 1s").toString().length() > 0);
        assertTrue(shown().contains("cell long: running, "), shown());
    }

    @Test
    void anInterruptStopsItAndKeepsWhatItLeft() throws InterruptedException {
        backend.busy = true;
        StartedCell begun = startOneThatGoesOn();
        CountDownLatch drawn = new CountDownLatch(1);
        begun.afterwards(drawn::countDown);
        shard("interrupt long");
        drawn.await(); // Where it was begun its end is drawn on its own thread, perhaps after the interrupt has
        // returned.
        assertEquals(Started.State.INTERRUPTED, begun.state());
        assertTrue(
                shown().contains("cell long: interrupted; rank 0 in barrier; variables and weights are kept"), shown());
        port.streamed.setLength(0);
        CellRun left = assertInstanceOf(CellRun.class, shard("wait long"));
        assertEquals(2, left.table().rowCount());
        assertEquals("rank 0:\nloop\nstopped\nrank 1: loop\n", port.streamed.toString());
        assertTrue(refusal(() -> shard("interrupt long")).startsWith("interrupt: cell long has ended (interrupted, "));
        assertInstanceOf(CellRun.class, notebook.cell(List.of(), "1 + 1"));
    }

    @Test
    void aSecondInterruptOfACellThatIsStoppingKills() throws InterruptedException {
        backend.ignoreCancel = true;
        startOneThatGoesOn();
        shard("interrupt");
        assertTrue(shown().contains("cell long is still stopping; `%shard interrupt long` once more kills"), shown());
        shard("interrupt long");
        backend.killed.await();
    }

    @Test
    void attachShowsWhatWasPrintedBeforeAndEndsWithTheCell() throws InterruptedException {
        startOneThatGoesOn();
        port.streamed.setLength(0);
        BlockingQueue<Object> ends = new LinkedBlockingQueue<>();
        Thread attached = new Thread(() -> ends.add(shard("attach long")));
        attached.start();
        while (attached.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        assertEquals(0, ends.size());
        notebook.openLab().interrupt("long");
        assertInstanceOf(CellRun.class, ends.poll(20, TimeUnit.SECONDS));
        assertTrue(port.streamed.toString().contains("loop\nstopped\n"), port.streamed.toString());
    }

    @Test
    void anInterruptOfWaitingOrAttachingDoesNotStopTheCell() throws InterruptedException {
        StartedCell begun = startOneThatGoesOn();
        for (String verb : List.of("wait", "attach long")) {
            String end = InterruptedWait.end(() -> shard(verb));
            assertTrue(end.startsWith("interrupted: waiting for cell long, which goes on (running, "), end);
            assertEquals(Started.State.RUNNING, begun.state());
        }
        assertEquals(1, backend.cancelled.getCount());
    }

    @Test
    void whatCannotBeginIsRefusedInTheCellAndIsNoJob() {
        assertTrue(refusal(() -> cell("-a", "mistake;")).startsWith("the cell does not compile: line 1"));
        assertTrue(port.displays.get(0).text().endsWith("    mistake;\n    ^\n"), shown());
        assertTrue(refusal(() -> cell("-a -t 7", "1")).contains("there is no rank 7"));
        assertEquals(0, notebook.openLab().jobs().rowCount());
        assertInstanceOf(CellRun.class, notebook.cell(List.of(), "1 + 1"));
    }

    @Test
    void aFailingRankShowsItsCardWhereItWasBegunAndFailsTheCellThatWaits() throws InterruptedException {
        StartedCell begun = assertInstanceOf(StartedCell.class, cell("-a", "throw up"));
        assertEquals("cell", begun.name());
        begun.awaitEnd();
        assertEquals(Started.State.FAILED, begun.state());
        while (!shown().contains("✗ rank 0")) {
            Thread.onSpinWait();
        }
        port.displays.clear();
        assertTrue(refusal(() -> shard("wait cell")).startsWith("rank 0 (-, cpu:0) failed in cell 1, line 1"));
        assertTrue(shown().contains("ranks 1–3 (×3): 8"), "the others' values: " + shown());
        assertTrue(shown().contains("✗ rank 0"), shown());
    }

    @Test
    void aLocalCellRunsInTheNotebookWhileTheWorkersGoOn() throws InterruptedException {
        kernel.variables.put("loop", 2);
        assertInstanceOf(StartedCell.class, cell("--noblock --local", "loop"));
        assertTrue(shown().endsWith("notebook: 2\n"), shown());
        backend.training.await();
        assertEquals(1, backend.cancelled.getCount());
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
        assertEquals("", port.streamed.toString(), "nothing is drawn into a cell that has ended");
    }

    @Test
    void plainJavaHasTheSame() {
        try (Lab lab = new Lab(backend, Map.of("SHARDLAB_HOME", home.toString()))) {
            lab.up(2);
            assertEquals(Optional.of("5"), lab.start("1 + 1").await().value(1));
            lab.start("1 + 1");
            assertEquals(Optional.of("5"), lab.result("cell-2").value(0));
            assertThrows(ShardException.class, () -> lab.await("cell"));
            assertThrows(ShardException.class, () -> lab.start("throw up").await());
            assertEquals(3, lab.jobs().rowCount());
        }
    }

    @Test
    void theirNoblockIsOursAndItsResultIsShownByTheirName() {
        shard("compat ipyparallel");
        kernel.cell("px --noblock", "1 + 1");
        CellRun run = assertInstanceOf(CellRun.class, kernel.line("pxresult"));
        assertEquals(Optional.of("5"), run.value(2));
        assertFalse(port.streamed.toString().isEmpty());
    }
}
