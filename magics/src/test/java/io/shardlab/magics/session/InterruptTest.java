package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.screen.RecordingPort;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The cell's thread can always be had back. */
@Timeout(30)
class InterruptTest {

    @TempDir
    Path home;

    private final FakeBackend backend = new FakeBackend();
    private final RecordingPort port = new RecordingPort(true);
    private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();

    private Thread cell(Notebook notebook, String line) {
        Thread cell = new Thread(() -> {
            try {
                ends.add("value " + notebook.line(List.of(line.split(" "))));
            } catch (ShardException ended) {
                ends.add(String.valueOf(ended.getMessage()));
            }
        });
        cell.start();
        return cell;
    }

    private String end() throws InterruptedException {
        return String.valueOf(ends.poll(20, TimeUnit.SECONDS));
    }

    private Notebook notebook() {
        return new Notebook(port, () -> backend, Map.of("SHARDLAB_HOME", home.toString()));
    }

    /** A run that was interrupted and does not hear of it. */
    private void interruptOneThatGoesOnStopping(Notebook notebook) throws InterruptedException {
        backend.trainUntilCancelled = true;
        backend.ignoreCancel = true;
        Thread cell = cell(notebook, "train tiny --steps 50");
        backend.training.await();
        cell.interrupt();
        assertTrue(end().contains("still stopping; interrupt again to kill"));
    }

    @Test
    void anInterruptCancelsAndSaysAtWhichStepTheWeightsAre() throws InterruptedException {
        backend.trainUntilCancelled = true;
        try (Notebook notebook = notebook()) {
            Thread cell = cell(notebook, "train tiny --steps 50");
            backend.training.await();
            cell.interrupt();
            assertEquals("interrupted: train; weights kept at step 3", end());
            assertEquals(0, backend.cancelled.getCount());
            assertEquals(1, backend.killed.getCount());
            assertTrue(port.displays.stream().anyMatch(c -> c.text().startsWith("interrupted"))
                    || port.updates.stream().anyMatch(c -> c.text().startsWith("interrupted")));
            backend.trainUntilCancelled = false;
            cell(notebook, "train --steps 2");
            assertTrue(end().startsWith("value run of 2 steps"), "the notebook goes on");
        }
    }

    /** It was lost, and the run went on for all of its steps, with the next cell waiting for it. */
    @Test
    void anInterruptWhileARunIsBeingPreparedIsMeantForTheRun() throws InterruptedException {
        backend.placeUntilCancelled = true;
        try (Notebook notebook = notebook()) {
            Thread cell = cell(notebook, "train tiny --steps 50");
            backend.training.await();
            cell.interrupt();
            assertTrue(end().startsWith("interrupted: train; weights kept at step 0"));
            Lab lab = notebook.openLab();
            assertEquals(
                    0,
                    ((Run) lab.subjects().runs().find("wait", Optional.empty()).await()).loss().length);
        }
    }

    @Test
    void anInterruptSaysWhatEachRankWasDoing() throws InterruptedException {
        backend.trainUntilCancelled = true;
        try (Notebook notebook = notebook()) {
            notebook.line(List.of("up", "-n", "2"));
            Thread cell = cell(notebook, "train tiny --steps 50");
            backend.training.await();
            backend.busy = true;
            cell.interrupt();
            assertEquals("interrupted: train; weights kept at step 3; ranks 0–1 in 0B1", end());
        }
    }

    @Test
    void looksGoOnWhileAnInterruptedVerbIsStillStopping() throws InterruptedException {
        try (Notebook notebook = notebook()) {
            interruptOneThatGoesOnStopping(notebook);
            cell(notebook, "status");
            assertTrue(end().startsWith("value "));
            backend.kill();
        }
    }

    /** Slow cells began their work after they had been given up, and the interrupt of the next one took it for the second. */
    @Test
    void anInterruptBeforeTheWorkBeginsIsMeantForThatWorkAlone() throws InterruptedException {
        try (Notebook notebook = notebook()) {
            interruptOneThatGoesOnStopping(notebook);
            Lab lab = notebook.openLab();
            Thread.currentThread().interrupt();
            String said = assertThrows(ShardException.class, () -> lab.mem()).getMessage();
            assertEquals("interrupted: mem had not begun", said);
            assertEquals(1, backend.killed.getCount(), "nobody asked for that");
            backend.kill();
        }
    }

    @Test
    void anInterruptWhileStillStoppingKills() throws InterruptedException {
        try (Notebook notebook = notebook()) {
            interruptOneThatGoesOnStopping(notebook);
            Thread second = cell(notebook, "mem");
            while (second.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            second.interrupt();
            assertTrue(end().startsWith("interrupted twice"));
            backend.killed.await();
        }
    }
}
