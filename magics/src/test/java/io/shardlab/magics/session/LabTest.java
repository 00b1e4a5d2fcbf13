package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.shardlab.magics.backend.Failure;
import io.shardlab.magics.command.CheckpointOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.TrainOptions;
import io.shardlab.plan.Json;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verbs work without a notebook. */
class LabTest {

    @TempDir
    Path home;

    private final FakeBackend backend = new FakeBackend();

    @Test
    void plainJavaHasTheSameVerbsWithTheSameDefaults() {
        try (Lab lab = new Lab(backend, Map.of("SHARDLAB_HOME", home.toString()))) {
            assertEquals("2 workers: cpu:0, cpu:1", lab.up(2).toString());
            assertEquals(2, lab.table().rowCount());
            assertTrue(lab.plan("tiny", Scheme.tp(2)).fits());
            assertEquals(
                    "tiny placed under tp=2", lab.place("tiny", Scheme.tp(2)).toString());
            Run run = lab.train(3);
            assertEquals(3, run.metrics().rowCount());
            assertEquals(8, run.plan().workload().batch());
            assertEquals("rounding", lab.check().verdict());
            assertEquals("grün", lab.infer("x", 5).text());
            assertEquals(2, lab.status().rowCount());
            assertEquals(2, lab.mem().rowCount());
            assertEquals(4, lab.timeline().numRanks());
            assertEquals(2, lab.down().rowCount());
            assertEquals("no workers", lab.toString());
        }
    }

    @Test
    void aModelsNameIsEnoughToPlanPlaceAndTrainIt() {
        try (Lab lab = new Lab(backend, Map.of("SHARDLAB_HOME", home.toString()))) {
            lab.up(2);
            assertEquals("plan of tiny under single", lab.plan("tiny").toString());
            assertEquals("tiny placed under single", lab.place("tiny").toString());
            assertEquals(20, lab.train("tiny", Scheme.tp(2)).loss().length);
            assertEquals("tp=2", lab.train("tiny").plan().scheme().toString());
            assertEquals(
                    List.of("up 2", "place tiny single", "place tiny tp=2", "train 20", "train 20"), backend.started);
        }
    }

    @Test
    void aWrongCallIsOneLineToo() {
        try (Lab lab = new Lab(backend, Map.of("SHARDLAB_HOME", home.toString()))) {
            ShardException refused = assertThrows(ShardException.class, () -> lab.place("tiny", Scheme.tp(3)));
            assertTrue(String.valueOf(refused.getMessage()).startsWith("tp=3 does not split"), refused.getMessage());
            assertThrows(
                    ShardException.class,
                    () -> lab.train(TrainOptions.steps(1).withPlacement(PlanOptions.of("big", Scheme.SINGLE))));
            assertEquals(List.of(), backend.started);
        }
    }

    @Test
    void aRunThatCannotBeginLeavesNoFolderAndUsesNoNumber() {
        try (Lab lab = new Lab(backend, Map.of("SHARDLAB_HOME", home.toString()))) {
            lab.place("tiny", Scheme.pp(2));
            TrainOptions one = TrainOptions.steps(1);
            refused(lab, withSchedule(one, "interleaved"), "needs chunks");
            backend.diskFull = true;
            refused(lab, one.withCheckpoints(CheckpointOptions.NONE.withSave(home.resolve("ck"))), "MB free");
            assertTrue(Files.notExists(home.resolve("runs")));
            assertEquals(List.of("place tiny pp=2"), backend.started);
        }
    }

    private static TrainOptions withSchedule(TrainOptions options, String schedule) {
        return new TrainOptions(
                options.placement(),
                options.workload().withSchedule(Optional.of(schedule)),
                options.settings(),
                options.source(),
                options.name(),
                options.checkpoints());
    }

    private static String refused(Lab lab, TrainOptions options, String reason) {
        String said = String.valueOf(
                assertThrows(ShardException.class, () -> lab.train(options)).getMessage());
        assertTrue(said.contains(reason), said);
        return said;
    }

    /** A run that fails used to leave the placed plan behind, not its own. */
    @Test
    void thePlanInARunsFolderIsTheOneThatTrains() throws IOException {
        try (Lab lab = new Lab(backend, Map.of("SHARDLAB_HOME", home.toString()))) {
            lab.place("tiny", Scheme.pp(2));
            backend.failures =
                    List.of(new Failure(0, "pp=0", "cpu:0", "train, step 0", "killed by SIGKILL", List.of(), false));
            refused(lab, TrainOptions.steps(1).withWorkload(4, 32, 2).withName("short"), "SIGKILL");
            JsonNode plan = Json.mapper()
                    .readTree(home.resolve("runs/1-short/plan.json").toFile());
            assertEquals(32, plan.path("workload").path("sequence").asInt());
        }
    }

    @Test
    void aRunThatCouldNotBeSavedKeepsItsSummary() throws IOException {
        try (Lab lab = new Lab(backend, Map.of("SHARDLAB_HOME", home.toString()))) {
            lab.place("tiny", Scheme.pp(2));
            backend.saveFails = true;
            String said = refused(lab, TrainOptions.steps(3).withName("unsaved"), "cannot be written");
            assertEquals("checkpoint 'ck' cannot be written: disk full", said);
            Path summary = home.resolve("runs/1-unsaved/summary.json");
            assertEquals(
                    3, Json.mapper().readTree(summary.toFile()).path("steps").asInt());
        }
    }

    @Test
    void kernelsThatStartRunsAtTheSameTimeGetDifferentNumbers() throws Exception {
        ExecutorService kernels = Executors.newFixedThreadPool(8);
        List<Future<Path>> folders = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            String name = "run" + i;
            folders.add(kernels.submit(() -> RunFolder.create(
                            home, name, FakePlans.tiny(Scheme.SINGLE, new Plan.Workload(1, 1, 1), "1f1b"))
                    .path()));
        }
        List<String> numbers = new ArrayList<>();
        for (Future<Path> folder : folders) {
            assertTrue(Files.isRegularFile(folder.get().resolve("plan.json")));
            numbers.add(String.valueOf(folder.get().getFileName()).split("-", 2)[0]);
        }
        kernels.shutdown();
        assertEquals(64, numbers.stream().distinct().count(), numbers.toString());
    }
}
