package io.shardlab.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cluster.WorkerEvent;
import io.shardlab.cluster.WorkerStatus;
import io.shardlab.model.Planner;
import io.shardlab.model.Presets;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.TrainSettings;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.MemoryCategory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a worker may cost and must not lose. */
final class WorkerPromisesTest {

    private static final int LINES = 20_000;
    private static final long MOST_RESIDENT = 200L << 20;

    @TempDir
    Path home;

    @Test
    void aReadyWorkerIsSmallAndLosesNoLineItPrints() throws Exception {
        Map<Integer, StringBuilder> printed = new TreeMap<>();
        try (Lab lab = Lab.start(home, 4, event -> {
            if (event instanceof WorkerEvent.Printed piece && !piece.error()) {
                synchronized (printed) {
                    printed.computeIfAbsent(piece.rank(), rank -> new StringBuilder())
                            .append(piece.text());
                }
            }
        })) {
            lab.run(new Request.Warm());
            for (WorkerStatus status : lab.cluster().status()) {
                long resident = status.rssBytes();
                System.out.println("worker " + status.rank() + " with its engine: " + (resident >> 20)
                        + " MiB resident, " + (proportional(status.pid()) >> 20) + " MiB proportional");
                assertTrue(resident > 0 && resident <= MOST_RESIDENT, () -> "resident " + resident);
                assertTrue(status.note().engine().orElse("").startsWith("PyTorch 2."), status::toString);
            }
            lab.run(new Request.Print(LINES));
        }
        synchronized (printed) {
            assertEquals(List.of(0, 1, 2, 3), List.copyOf(printed.keySet()));
            printed.forEach((rank, text) -> {
                List<String> lines = text.toString().lines().toList();
                assertEquals(LINES, lines.size());
                for (int i = 0; i < LINES; i++) {
                    assertEquals("rank " + rank + " line " + i, lines.get(i));
                }
            });
        }
    }

    /** Its share of the plan before was shown as activations of the idle worker. */
    @Test
    void aWorkerThatANewPlanDoesNotNeedGivesBackWhatTheOldOneTook() throws Exception {
        Path tokens = Lab.tokens(home.resolve("tokens.bin"), 20_000);
        try (Lab lab = Lab.start(home, 2, event -> {})) {
            Plan split = small("tp=2");
            lab.run(new Request.Place(split, Optional.empty()));
            lab.run(new Request.Train(split, TrainSettings.DEFAULT.withSteps(3), tokens.toString(), 0));
            long taken = activations(lab, 1);
            assertTrue(taken > 40L << 20, () -> "the split run took " + taken + " bytes: too few to see");
            Plan single = small("single");
            lab.run(new Request.Place(single, Optional.empty()));
            lab.run(new Request.Train(single, TrainSettings.DEFAULT.withSteps(1), tokens.toString(), 0));
            long kept = activations(lab, 1);
            assertTrue(kept < taken / 8, () -> "of " + taken + " bytes the idle worker keeps " + kept);
        }
    }

    private static Plan small(String scheme) throws IOException {
        return Planner.plan(
                Presets.resolve("small"),
                Scheme.parse(scheme),
                new Planner.Settings(TensorType.FLOAT32, new Plan.Workload(8, 128, 1), "1f1b", 7, Options.DEFAULT));
    }

    private static long activations(Lab lab, int rank) throws Exception {
        Reply.Done done = (Reply.Done) lab.run(new Request.Memory(false)).get(rank);
        return done.memory().bytes().getOrDefault(MemoryCategory.ACTIVATIONS, 0L);
    }

    /** Shared pages divided among those who share them. */
    private static long proportional(long pid) throws Exception {
        return Files.readAllLines(Path.of("/proc", Long.toString(pid), "smaps_rollup")).stream()
                .filter(line -> line.startsWith("Pss:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst()
                .orElse(0);
    }
}
