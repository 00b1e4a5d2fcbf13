package io.shardlab.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cluster.Cluster;
import io.shardlab.cluster.ClusterFailure;
import io.shardlab.cluster.WorkerStatus;
import io.shardlab.plan.Plan;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.StatusPage;
import io.shardlab.run.TrainSettings;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens to training in worker JVMs when a worker dies, fails or is told to stop. */
final class WorkerFaultTest {

    private static final int FOR_EVER = 1_000_000;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    @TempDir
    Path folder;

    private Request train(Plan plan, Path tokens, int firstStep, int steps) {
        return new Request.Train(plan, TrainSettings.DEFAULT.withSteps(steps), tokens.toString(), firstStep);
    }

    @Test
    void aWorkerKilledInAnyPhaseIsNamedWithinASecondAndANewClusterStarts() throws Exception {
        Plan plan = Lab.plan("tp=2", TensorType.FLOAT32, 4);
        Path tokens = Lab.tokens(folder.resolve("tokens.bin"), 2000);
        for (String phase : List.of("forward", "backward", "all_reduce")) {
            try (Lab lab = Lab.start(folder, 2, event -> {})) {
                lab.run(new Request.Place(plan, Optional.empty()));
                CompletableFuture<List<Reply>> running = lab.cluster().submit(train(plan, tokens, 0, FOR_EVER));
                lab.awaitStep(2);
                StatusPage.Note note = haltIn(lab.cluster(), phase);
                ProcessHandle worker =
                        ProcessHandle.of(lab.cluster().status().get(1).pid()).orElseThrow();
                long killed = System.nanoTime();
                worker.destroyForcibly();
                ExecutionException failed =
                        assertThrows(ExecutionException.class, () -> running.get(30, TimeUnit.SECONDS));
                long millis = (System.nanoTime() - killed) / 1_000_000;
                ClusterFailure failure = assertInstanceOf(ClusterFailure.class, failed.getCause());
                String expected = "rank 1 (cpu:1) killed by SIGKILL in " + phase + ", step " + note.step();
                assertTrue(failure.getMessage().startsWith(expected), failure::getMessage);
                assertEquals(1, failure.failures().size());
                assertTrue(millis < 1000, () -> "named after " + millis + " ms");
                System.out.println("killed in " + phase + ": named after " + millis + " ms");
            }
        }
        try (Lab lab = Lab.start(folder, 2, event -> {})) {
            lab.run(new Request.Place(plan, Optional.empty()));
            assertEquals(
                    2,
                    lab.losses(plan, TrainSettings.DEFAULT.withSteps(2), tokens).size());
        }
    }

    /** Halts rank 1 again and again until it stands in the phase; what it notes then is what it will have died in. */
    private static StatusPage.Note haltIn(Cluster cluster, String phase) throws Exception {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (System.nanoTime() < end) {
            if (!phase.equals(cluster.status().get(1).note().phase())) {
                Thread.onSpinWait();
                continue;
            }
            long pid = cluster.status().get(1).pid();
            signal("STOP", pid);
            WorkerStatus status = cluster.status().get(1);
            while (status.state() != WorkerStatus.State.STOPPED) {
                status = cluster.status().get(1);
            }
            if (status.note().phase().equals(phase)) {
                return status.note();
            }
            signal("CONT", pid);
        }
        throw new AssertionError("never found in " + phase);
    }

    private static void signal(String name, long pid) throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                        .inheritIO()
                        .start()
                        .waitFor());
    }

    @Test
    void aStoppedOrFailedRunKeepsWeightsAndWorkers() throws Exception {
        Plan plan = Lab.plan("tp=2,pp=2", TensorType.FLOAT32, 4);
        Path tokens = Lab.tokens(folder.resolve("tokens.bin"), 2000);
        Path strange = folder.resolve("strange.bin");
        try (Lab lab = Lab.start(folder, 4, event -> {})) {
            lab.run(new Request.Place(plan, Optional.empty()));
            CompletableFuture<List<Reply>> running = lab.cluster().submit(train(plan, tokens, 0, FOR_EVER));
            lab.awaitStep(3);
            long cancelled = System.nanoTime();
            lab.cluster().cancel();
            List<Reply> replies = running.get(30, TimeUnit.SECONDS);
            System.out.println("four ranks stopped after " + (System.nanoTime() - cancelled) / 1_000_000 + " ms");
            replies.forEach(reply -> assertInstanceOf(Reply.Cancelled.class, reply));
            assertEquals(1, new HashSet<>(replies).size(), replies::toString);
            int done = ((Reply.Cancelled) replies.get(0)).stepsDone();
            assertTrue(done > 3, replies::toString);

            // A token of the second step: the first stage fails there while the last one waits for it.
            ByteBuffer ids = ByteBuffer.wrap(Files.readAllBytes(tokens)).order(ByteOrder.LITTLE_ENDIAN);
            int place = 1 + (int) ((done + 1L) * 8 * 16 % (2000 - 16 - 1));
            ids.putInt(place * Integer.BYTES, 999);
            Files.write(strange, ids.array());
            List<Reply> failed =
                    lab.cluster().submit(train(plan, strange, done, 3)).get(30, TimeUnit.SECONDS);
            assertTrue(failed.stream().anyMatch(Reply.Failed.class::isInstance), failed::toString);
            for (Reply reply : failed) {
                if (reply instanceof Reply.Failed cause) {
                    assertTrue(cause.message().startsWith("token 999 at position " + place), cause::message);
                } else {
                    assertEquals(new Reply.Cancelled(1), reply);
                }
            }
            assertEquals(Optional.empty(), lab.cluster().failure());

            lab.run(train(plan, tokens, done + 1, 2));
            lab.run(new Request.Dump(folder.resolve("stopped").toString()));
            lab.run(new Request.Place(plan, Optional.empty()));
            lab.run(train(plan, tokens, 0, done + 3));
            lab.run(new Request.Dump(folder.resolve("undisturbed").toString()));
        }
        for (int rank = 0; rank < 4; rank++) {
            String name = "rank-" + rank + ".safetensors";
            assertEquals(
                    -1,
                    Files.mismatch(
                            folder.resolve("stopped").resolve(name),
                            folder.resolve("undisturbed").resolve(name)));
        }
    }
}
