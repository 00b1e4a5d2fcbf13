package io.shardlab.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.parity.BrokenPlan;
import io.shardlab.parity.Comparison;
import io.shardlab.parity.Shards;
import io.shardlab.parity.Verdict;
import io.shardlab.plan.Collective;
import io.shardlab.plan.Json;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.run.Request;
import io.shardlab.run.TrainSettings;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Worker JVMs over shared memory compute what the unsharded model computes. One cluster of four serves all. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class WorkerParityTest {

    private static final Path GOLDEN = Path.of("golden");
    private static final int MICROBATCHES = 4;

    private Path folder = Path.of("");
    private Optional<Lab> started = Optional.empty();

    @BeforeAll
    void startAndRunTheSingleModel(@TempDir Path temporary) throws Exception {
        folder = temporary;
        started = Optional.of(Lab.start(folder.resolve("home"), 4, event -> {}));
        Lab.tokens(folder.resolve("tokens.bin"), 2000);
        Plan seeded = Lab.plan("single", TensorType.FLOAT32, MICROBATCHES);
        lab().run(new Request.Place(seeded, Optional.empty()));
        lab().run(new Request.Dump(folder.resolve("dumped").toString()));
        Shards.join(seeded, folder.resolve("dumped"), folder.resolve("weights"));
        for (TensorType type : TensorType.values()) {
            probe(Lab.plan("single", type, MICROBATCHES), "single-" + type);
        }
    }

    @AfterAll
    void stop() {
        started.ifPresent(Lab::close);
    }

    private Lab lab() {
        return started.orElseThrow();
    }

    private Path probe(Plan plan, String name) throws Exception {
        Path target = Files.createDirectories(folder.resolve(name));
        lab().run(new Request.Probe(
                plan,
                TrainSettings.DEFAULT.withSteps(3),
                folder.resolve("tokens.bin").toString(),
                folder.resolve("weights").toString(),
                target.toString()));
        return target;
    }

    private Comparison compare(Plan plan, String name) throws Exception {
        return Comparison.of(
                plan,
                probe(plan, name),
                Lab.plan("single", plan.type(), MICROBATCHES),
                folder.resolve("single-" + plan.type()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"pp=2", "pp=4"})
    void pipelinesOfWorkersAreBitwiseEqualToSingle(String scheme) throws Exception {
        for (TensorType type : TensorType.values()) {
            Comparison comparison = compare(Lab.plan(scheme, type, MICROBATCHES), scheme + "-" + type);
            assertTrue(comparison.sameBits(), () -> type + " differs: " + comparison.firstAbove(0));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tp=2", "tp=4", "tp=2,pp=2"})
    void tensorLayoutsOfWorkersAgreeToRounding(String scheme) throws Exception {
        Comparison float64 = compare(Lab.plan(scheme, TensorType.FLOAT64, MICROBATCHES), scheme + "-float64");
        assertEquals(Optional.empty(), float64.firstAbove(1e-12));
        Comparison float32 = compare(Lab.plan(scheme, TensorType.FLOAT32, MICROBATCHES), scheme + "-float32");
        assertEquals(
                Verdict.Kind.ROUNDING,
                Verdict.of(float32, float64, Verdict.FLOAT64_TOLERANCE).kind());
    }

    @ParameterizedTest(name = "zero {0}")
    @ValueSource(ints = {0, 1})
    void fourDataRanksAreBitwiseEqualToSingleWithFourMicrobatches(int zero) throws Exception {
        for (TensorType type : TensorType.values()) {
            Plan plan = Lab.plan("dp=4", type, 1, Options.DEFAULT.withZero(zero));
            Comparison comparison = compare(plan, "dp=4-" + zero + type);
            assertTrue(comparison.sameBits(), () -> type + " differs: " + comparison.firstAbove(0));
        }
    }

    @ParameterizedTest(name = "{0} zero {1}")
    @CsvSource(
            delimiter = '|',
            value = {"dp=2|0", "dp=2|1", "dp=2,tp=2|0", "dp=2,tp=2|1", "dp=2,pp=2|1"})
    void dataLayoutsOfWorkersAgreeToRounding(String scheme, int zero) throws Exception {
        Plan plan = Lab.plan(scheme, TensorType.FLOAT64, MICROBATCHES / 2, Options.DEFAULT.withZero(zero));
        assertEquals(Optional.empty(), compare(plan, scheme + "-" + zero).firstAbove(1e-12));
    }

    @Test
    void aMissingSumOverDataRanksIsABug() throws Exception {
        Plan broken = BrokenPlan.withoutDataSum(Lab.plan("dp=2,tp=2", TensorType.FLOAT64, MICROBATCHES / 2));
        Comparison comparison = compare(broken, "broken-data");
        Verdict verdict = Verdict.of(comparison, comparison, Verdict.FLOAT64_TOLERANCE);
        assertEquals(Verdict.Kind.BUG, verdict.kind());
        assertEquals("gradient", verdict.first().orElseThrow().kind());
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({"'tp=2,pp=2',sp", "tp=4,sp", "tp=3,uneven", "tp=3,uneven sp"})
    void splitTokensAndUnevenSplitsOfWorkersAgreeToRounding(String scheme, String flags) throws Exception {
        Options options =
                Options.DEFAULT.withSequenceParallel(flags.contains("sp")).withUneven(flags.contains("uneven"));
        Plan plan = Lab.plan(scheme, TensorType.FLOAT64, MICROBATCHES, options);
        assertEquals(Optional.empty(), compare(plan, scheme + "-" + flags).firstAbove(1e-12));
    }

    @Test
    void aMissingAllReduceAmongWorkersIsABug() throws Exception {
        Plan broken =
                BrokenPlan.without(Lab.plan("tp=2,pp=2", TensorType.FLOAT64, MICROBATCHES), Collective.ALL_REDUCE, 6);
        Comparison comparison = compare(broken, "broken");
        Verdict verdict = Verdict.of(comparison, comparison, Verdict.FLOAT64_TOLERANCE);
        assertEquals(Verdict.Kind.BUG, verdict.kind());
        assertEquals("x6", verdict.first().orElseThrow().name());
    }

    @Test
    void lossesOfTwentyStepsEqualPyTorch() throws Exception {
        Path golden = GOLDEN.resolve("gqa");
        JsonNode expected =
                Json.mapper().readTree(golden.resolve("expected.json").toFile());
        Plan plan = Planner.plan(
                ModelSpec.read(golden),
                Scheme.parse("tp=2,pp=2"),
                new Planner.Settings(TensorType.FLOAT64, new Plan.Workload(8, 32, 4), "1f1b", 0));
        byte[] text = Files.readAllBytes(GOLDEN.resolve("data.txt"));
        ByteBuffer ids = ByteBuffer.allocate(text.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (byte b : text) {
            ids.putInt(b & 0xFF);
        }
        Path tokens = Files.write(folder.resolve("golden.bin"), ids.array());
        TrainSettings settings = new TrainSettings(20, 0.003, 0.1, 0.9, 0.95, 1e-8, 0, 0, false, false, 0);
        lab().run(new Request.Place(plan, Optional.of(golden.toAbsolutePath().toString())));
        List<Double> losses = lab().losses(plan, settings, tokens);
        assertEquals(20, losses.size());
        for (int step = 0; step < 20; step++) {
            double loss = expected.path("losses").path(step).asDouble();
            assertEquals(loss, losses.get(step), 1e-9 * loss, "step " + step);
        }
    }

    @Test
    void theSameTrainingTwiceGivesTheSameBits() throws Exception {
        Plan plan = Lab.plan("tp=2,pp=2", TensorType.FLOAT32, MICROBATCHES);
        Path tokens = folder.resolve("tokens.bin");
        lab().run(new Request.Place(plan, Optional.empty()));
        List<Double> first = lab().losses(plan, TrainSettings.DEFAULT, tokens);
        lab().run(new Request.Place(plan, Optional.empty()));
        assertEquals(first, lab().losses(plan, TrainSettings.DEFAULT, tokens));
    }
}
