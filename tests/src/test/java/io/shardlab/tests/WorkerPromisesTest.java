package io.shardlab.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cluster.WorkerEvent;
import io.shardlab.cluster.WorkerStatus;
import io.shardlab.run.Request;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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

    /** Shared pages divided among those who share them. */
    private static long proportional(long pid) throws Exception {
        return Files.readAllLines(Path.of("/proc", Long.toString(pid), "smaps_rollup")).stream()
                .filter(line -> line.startsWith("Pss:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst()
                .orElse(0);
    }
}
