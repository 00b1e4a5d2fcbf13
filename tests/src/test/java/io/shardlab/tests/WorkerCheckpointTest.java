package io.shardlab.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cluster.ClusterFailure;
import io.shardlab.plan.Plan;
import io.shardlab.run.Checkpoints;
import io.shardlab.run.Request;
import io.shardlab.run.TrainSettings;
import io.shardlab.run.TrainerState;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints of worker JVMs: a worker that dies while it saves leaves the old one, and training goes on from that. */
final class WorkerCheckpointTest {

    private static final int STEPS = 6;
    private static final int SAVED_AT = 3;

    @TempDir
    Path folder;

    private static Checkpoints checkpoints(Lab lab) {
        return new Checkpoints(
                request -> {
                    try {
                        return lab.run(request);
                    } catch (ExecutionException e) {
                        throw assertInstanceOf(ClusterFailure.class, e.getCause());
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                },
                (what, done, total) -> {});
    }

    private static void save(Lab lab, Plan plan, int step, Path target) throws IOException {
        checkpoints(lab)
                .save(target, plan, TrainerState.of(plan, step, Optional.empty()), Optional.empty(), Optional.empty());
    }

    private static List<Double> train(Lab lab, Plan plan, Path tokens, int done, int until) throws Exception {
        int before = lab.metrics().size();
        TrainSettings settings = TrainSettings.DEFAULT.withSteps(STEPS);
        lab.run(new Request.Train(plan, settings, tokens.toString(), 0, done, until));
        return lab.metrics().subList(before, before + until - done).stream()
                .map(step -> step.loss())
                .toList();
    }

    /** Saves with a worker that is halted before it hears of the save and killed before it has written anything. */
    private static ClusterFailure saveWithAKilledWorker(Lab lab, Plan plan, Path target) {
        long pid = lab.cluster().status().get(1).pid();
        Checkpoints dying = new Checkpoints(
                request -> {
                    try {
                        assertEquals(
                                0,
                                new ProcessBuilder("kill", "-STOP", Long.toString(pid))
                                        .start()
                                        .waitFor());
                        var running = lab.cluster().submit(request);
                        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
                        return running.get(30, TimeUnit.SECONDS);
                    } catch (ExecutionException e) {
                        throw assertInstanceOf(ClusterFailure.class, e.getCause());
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                },
                (what, done, total) -> {});
        return assertThrows(
                ClusterFailure.class,
                () -> dying.save(
                        target,
                        plan,
                        TrainerState.of(plan, STEPS, Optional.empty()),
                        Optional.empty(),
                        Optional.empty()));
    }

    @Test
    void aWorkerKilledWhileSavingLeavesTheOldCheckpointAndAnotherLayoutGoesOnFromIt() throws Exception {
        Path tokens = Lab.tokens(folder.resolve("tokens.bin"), 2000);
        Path saved = folder.resolve("saved");
        Plan plan = Lab.plan("tp=2", TensorType.FLOAT64, 4);
        List<Double> undisturbed;
        try (Lab lab = Lab.start(folder, 2, event -> {})) {
            lab.run(new Request.Place(plan, Optional.empty()));
            train(lab, plan, tokens, 0, SAVED_AT);
            save(lab, plan, SAVED_AT, saved);
            undisturbed = train(lab, plan, tokens, SAVED_AT, STEPS);
            ClusterFailure failure = saveWithAKilledWorker(lab, plan, saved);
            assertTrue(
                    String.valueOf(failure.getMessage()).startsWith("rank 1 (cpu:1) killed by SIGKILL"),
                    failure.getMessage());
        }
        assertEquals(SAVED_AT, Checkpoints.state(saved).step());
        try (Stream<Path> left = Files.list(folder)) {
            assertTrue(left.noneMatch(path -> String.valueOf(path.getFileName()).startsWith(".saved")));
        }
        try (Lab lab = Lab.start(folder, 3, event -> {})) {
            assertEquals(undisturbed, resumed(lab, plan, saved, tokens));
            for (String scheme : List.of("pp=2", "single")) {
                List<Double> other = resumed(lab, Lab.plan(scheme, TensorType.FLOAT64, 4), saved, tokens);
                for (int i = 0; i < other.size(); i++) {
                    assertEquals(undisturbed.get(i), other.get(i), 1e-12 * undisturbed.get(i), scheme);
                }
            }
        }
    }

    private static List<Double> resumed(Lab lab, Plan plan, Path saved, Path tokens) throws Exception {
        lab.run(new Request.Place(plan, Optional.empty()));
        assertEquals(SAVED_AT, checkpoints(lab).load(saved, plan).state().step());
        return train(lab, plan, tokens, SAVED_AT, STEPS);
    }
}
