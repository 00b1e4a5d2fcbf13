package io.shardlab.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.plan.Json;
import io.shardlab.plan.Options;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Schedule;
import io.shardlab.plan.Scheme;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.schedule.GivenSchedule;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Plans hold the whole model, balanced, or are refused with what would do. */
final class PlannerTest {

    private static ModelSpec model(int vocabulary, int layers, int heads, int keyValueHeads, int feedForward) {
        return new ModelSpec(
                "m",
                vocabulary,
                48,
                feedForward,
                layers,
                heads,
                keyValueHeads,
                4,
                10_000,
                1e-5,
                false,
                64,
                0.02,
                Optional.empty());
    }

    private static Plan plan(ModelSpec model, String scheme, int sequence, String schedule) {
        return Planner.plan(
                model,
                Scheme.parse(scheme),
                new Planner.Settings(TensorType.FLOAT32, new Plan.Workload(8, sequence, 4), schedule, 1));
    }

    @Test
    void aPresetHasTheParametersItsPlanAddsUpTo() {
        for (ModelSpec preset : Presets.all()) {
            for (String scheme : List.of("single", "tp=2", "pp=4", "tp=4,pp=2")) {
                long sum = plan(preset, scheme, 64, "1f1b").parameters().stream()
                        .mapToLong(parameter -> parameter.shape().numElements())
                        .sum();
                assertEquals(preset.numParameters(), sum, preset.name() + " " + scheme);
            }
        }
    }

    @Test
    void theRanksOfATensorGroupHoldEveryElementOfSplitParametersOnce() {
        Plan plan = plan(Presets.all().get(1), "tp=4,pp=2", 64, "1f1b");
        for (ParameterSpec parameter : plan.parameters()) {
            long held = 0;
            for (int index = 0; index < 4; index++) {
                held += parameter.localShape(index).numElements();
            }
            boolean split = held == parameter.shape().numElements();
            assertTrue(split || held == 4 * parameter.shape().numElements(), parameter::name);
            assertEquals(split, parameter.name().matches(".*(_proj|embed_tokens|lm_head).weight"), parameter::name);
        }
    }

    @ParameterizedTest(name = "{0} heads, {1} KV heads, F = {2}: {3} at seq {4}, {5}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            12 | 12 | 96 | dp=3      | 16 | 1f1b        | not divisible by 12 (dp=3 × microbatches 4); allowed: multiples of 12, for instance 12
            12 | 12 | 96 | pp=5      | 16 | 1f1b        | pp=5 needs at least one layer per stage; m has 4 layers
            12 | 12 | 96 | tp=5      | 16 | 1f1b        | tp=5 does not split 12 heads evenly; use tp = 1, 2, 3, 4, 6, 12
            12 |  4 | 96 | tp=3      | 16 | 1f1b        | tp=3 does not split 4 KV heads evenly; use tp = 1, 2, 4
            12 | 12 | 90 | tp=4      | 16 | 1f1b        | tp=4 does not split 90 feed-forward columns evenly; use tp = 1, 2, 3, 6
            12 | 12 | 96 | tp=16     | 16 | 1f1b        | tp=16 does not split 12 heads evenly
            12 | 12 | 96 | single    | 65 | 1f1b        | seq 65 is longer than the 64 positions of m
            12 | 12 | 96 | pp=2      | 16 | zigzag      | zigzag
            """)
    void whatDoesNotFitIsRefusedWithWhatDoes(
            int heads,
            int keyValueHeads,
            int feedForward,
            String scheme,
            int sequence,
            String schedule,
            String reason) {
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class,
                () -> plan(model(256, 4, heads, keyValueHeads, feedForward), scheme, sequence, schedule));
        assertTrue(String.valueOf(refused.getMessage()).contains(reason), refused::getMessage);
    }

    @Test
    void oneLayerIsSaidInTheSingular() {
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> plan(model(256, 1, 12, 12, 96), "pp=2", 16, "1f1b"));
        assertTrue(String.valueOf(refused.getMessage()).endsWith("m has 1 layer"), refused::getMessage);
    }

    @Test
    void anUnknownScheduleIsAnsweredWithTheKnownOnes() {
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> plan(model(256, 4, 12, 12, 96), "pp=2", 16, "1f1c"));
        String message = String.valueOf(refused.getMessage());
        assertTrue(message.contains("1f1b") && message.contains("gpipe"), message);
    }

    @ParameterizedTest(name = "V = {0}, {1} layers on {2} stages")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            16     | 8  | 2
            16     | 9  | 4
            6000   | 8  | 2
            256    | 3  | 3
            20000  | 6  | 3
            """)
    void theDearestStageIsAsCheapAsCanBe(int vocabulary, int layers, int stages) {
        ModelSpec model = model(vocabulary, layers, 12, 12, 96);
        Plan plan = plan(model, "pp=" + stages, 16, "1f1b");
        List<Integer> counts = plan.stages().stream().map(PlannerTest::layers).toList();
        assertEquals(layers, counts.stream().mapToInt(Integer::intValue).sum());
        assertEquals(
                cheapest(model, layers, stages, new ArrayList<>()), dearest(model, counts), 1e-9, counts::toString);
    }

    private static int layers(Stage stage) {
        return (int) stage.segments().stream()
                .filter(segment -> segment.kind() instanceof Segment.Attention)
                .count();
    }

    /** Multiplications per token of the dearest stage. */
    private static double dearest(ModelSpec model, List<Integer> counts) {
        double d = 48;
        double layer = 4 * d * 48 + 2 * 16 * 48 + 3 * d * 96;
        double most = 0;
        for (int i = 0; i < counts.size(); i++) {
            double cost = counts.get(i) * layer
                    + (i == 0 ? d : 0)
                    + (i == counts.size() - 1 ? d * model.vocabularySize() : 0);
            most = Math.max(most, cost);
        }
        return most;
    }

    /** Tries every split. */
    private static double cheapest(ModelSpec model, int left, int stages, List<Integer> before) {
        if (stages == 1) {
            before.add(left);
            double cost = dearest(model, before);
            before.remove(before.size() - 1);
            return cost;
        }
        double best = Double.POSITIVE_INFINITY;
        for (int count = 1; count <= left - stages + 1; count++) {
            before.add(count);
            best = Math.min(best, cheapest(model, left - count, stages - 1, before));
            before.remove(before.size() - 1);
        }
        return best;
    }

    @ParameterizedTest
    @ValueSource(strings = {"single", "tp=2", "pp=4", "tp=2,pp=2"})
    void aPlanReadFromItsJsonIsEqual(String scheme) throws IOException {
        Plan plan = plan(Presets.resolve("tiny"), scheme, 64, "1f1b");
        assertEquals(plan, Json.mapper().readValue(Json.mapper().writeValueAsString(plan), Plan.class));
    }

    @Test
    void anotherWorkloadLeavesStagesWhereTheyAre() throws IOException {
        Plan plan = plan(Presets.resolve("tiny"), "pp=2", 64, "1f1b");
        Plan other = Planner.replan(plan, new Plan.Workload(6, 32, 3), "gpipe");
        assertEquals(plan.stages(), other.stages());
        assertEquals(Planner.replan(other, plan.workload(), "1f1b"), plan);
    }

    @Test
    void stagesOfSeveralChunksGoRoundTheRanks() throws IOException {
        Plan plan = Planner.plan(
                Presets.resolve("small"),
                Scheme.parse("pp=3"),
                new Planner.Settings(
                        TensorType.FLOAT32,
                        new Plan.Workload(6, 64, 6),
                        "interleaved",
                        0,
                        Options.DEFAULT.withChunks(2)));
        assertEquals(
                List.of(0, 1, 2, 0, 1, 2),
                plan.stages().stream().map(Stage::pipelineRank).toList());
        assertEquals(List.of(0, 2), plan.holders("model.embed_tokens.weight"));
        Plan other = Planner.replan(plan, new Plan.Workload(6, 32, 3), "interleaved");
        assertEquals(plan.stages(), other.stages());
        assertRefused(
                () -> Planner.replan(plan, plan.workload(), "1f1b"),
                "schedule 1f1b runs 1 stage per rank, not chunks=2; interleaved runs several");
        assertRefused(
                () -> Planner.replan(plan, new Plan.Workload(4, 32, 4), "interleaved"),
                "schedule interleaved needs microbatches divisible by pp=3, not 4; use 3");
    }

    @Test
    void aGivenScheduleIsPlannedAndKeptByName() throws IOException {
        ScheduleRule rule =
                new GivenSchedule(Schedule.parse("schedule mine\n0F0 0F1 0B0 0B1\n1F0 1I0 1W0 1F1 1I1 1W1"));
        Planner.Settings settings =
                new Planner.Settings(TensorType.FLOAT32, new Plan.Workload(4, 64, 2), "mine", 0, Options.DEFAULT);
        Plan plan = Planner.plan(Presets.resolve("tiny"), Scheme.pp(2), settings, rule);
        assertEquals("mine", plan.schedule().name());
        assertEquals(plan, Planner.replan(plan, plan.workload(), "mine"));
        assertEquals(plan, Json.mapper().readValue(Json.mapper().writeValueAsString(plan), Plan.class));
        assertRefused(
                () -> Planner.replan(plan, new Plan.Workload(4, 64, 4), "mine"),
                "schedule mine was made for pp=2 and microbatches=2, not pp=2 and microbatches=4");
    }

    private static void assertRefused(Executable asking, String message) {
        assertEquals(
                message, assertThrows(IllegalArgumentException.class, asking).getMessage());
    }

    /** A promise of the product: plans for machines that nobody has are made at once. */
    @Test
    void aPlanForSixtyFourRanksTakesLessThanASecond() {
        ModelSpec large = new ModelSpec(
                "llama-70b", 128_256, 8192, 28_672, 80, 64, 8, 128, 500_000, 1e-5, false, 8192, 0.02, Optional.empty());
        Plan plan = assertTimeout(
                Duration.ofSeconds(1),
                () -> Planner.plan(
                        large,
                        Scheme.parse("tp=8,pp=8"),
                        new Planner.Settings(TensorType.FLOAT32, new Plan.Workload(64, 4096, 32), "1f1b", 0)));
        assertEquals(64, plan.mesh().size());
        assertEquals(70_553_706_496L, large.numParameters());
    }
}
