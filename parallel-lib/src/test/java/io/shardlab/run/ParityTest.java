package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.parity.BrokenPlan;
import io.shardlab.parity.Comparison;
import io.shardlab.parity.Difference;
import io.shardlab.parity.Verdict;
import io.shardlab.plan.Collective;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A sharded model computes what the unsharded one computes: residual values, loss, every gradient, and every parameter after
 * three optimizer steps.
 */
final class ParityTest {

    private static final TrainSettings THREE_STEPS = TrainSettings.DEFAULT.withSteps(3);

    @TempDir
    Path temporary;

    private static ModelSpec model(boolean tied) {
        return new ModelSpec("parity", 256, 48, 96, 4, 12, 12, 4, 10_000, 1e-5, tied, 64, 0.05, Optional.empty());
    }

    private static Plan plan(String scheme, TensorType type, int microbatches, String schedule, boolean tied) {
        return Planner.plan(
                model(tied),
                Scheme.parse(scheme),
                new Planner.Settings(type, new Plan.Workload(8, 16, microbatches), schedule, 7));
    }

    @ParameterizedTest(name = "{0} m={1} {2} tied={3}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            pp=2 | 1 | 1f1b  | true
            pp=2 | 4 | 1f1b  | true
            pp=2 | 4 | gpipe | true
            pp=2 | 8 | 1f1b  | false
            pp=3 | 4 | 1f1b  | true
            pp=4 | 8 | 1f1b  | true
            pp=4 | 2 | gpipe | false
            """)
    void pipelinesAreBitwiseEqualToSingleWithTheSameMicrobatches(
            String scheme, int microbatches, String schedule, boolean tied) throws IOException {
        for (TensorType type : TensorType.values()) {
            Plan single = plan("single", type, microbatches, "1f1b", tied);
            Comparison comparison = compare(plan(scheme, type, microbatches, schedule, tied), single);
            assertTrue(comparison.sameBits(), () -> type + " differs: " + comparison.firstAbove(0));
        }
    }

    @ParameterizedTest(name = "{0} m={1} tied={2}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            tp=2      | 1 | true
            tp=3      | 2 | true
            tp=4      | 4 | false
            tp=2,pp=2 | 4 | true
            tp=3,pp=2 | 2 | false
            tp=2,pp=4 | 8 | true
            """)
    void tensorLayoutsAgreeToRounding(String scheme, int microbatches, boolean tied) throws IOException {
        Comparison float64 = compare(
                plan(scheme, TensorType.FLOAT64, microbatches, "1f1b", tied),
                plan("single", TensorType.FLOAT64, microbatches, "1f1b", tied));
        assertEquals(Optional.empty(), float64.firstAbove(1e-12));
        Comparison float32 = compare(
                plan(scheme, TensorType.FLOAT32, microbatches, "1f1b", tied),
                plan("single", TensorType.FLOAT32, microbatches, "1f1b", tied));
        // After an optimizer step float32 parameters may differ by more: a tiny gradient's sign decides a whole step.
        for (Difference difference : float32.differences()) {
            if (!difference.kind().equals("parameter") && !difference.name().matches("step [12]")) {
                assertTrue(difference.relativeNorm() <= 1e-6, difference::toString);
            }
        }
        assertEquals(
                Verdict.Kind.ROUNDING,
                Verdict.of(float32, float64, Verdict.FLOAT64_TOLERANCE).kind());
    }

    @ParameterizedTest(name = "{0} number {1} is seen first at {2}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            ALL_REDUCE | 0 | output   | x0
            ALL_REDUCE | 4 | output   | x4
            COPY       | 7 | gradient | model.layers.3.post_attention_layernorm.weight
            COPY       | 2 | gradient | model.layers.1.input_layernorm.weight
            """)
    void aMissingCollectiveIsABugNamedByItsFirstWrongTensor(
            Collective collective, int index, String kind, String tensor) throws IOException {
        Plan broken = BrokenPlan.without(plan("tp=2", TensorType.FLOAT64, 2, "1f1b", true), collective, index);
        Comparison comparison = compare(broken, plan("single", TensorType.FLOAT64, 2, "1f1b", true));
        Verdict verdict = Verdict.of(comparison, comparison, Verdict.FLOAT64_TOLERANCE);
        assertEquals(Verdict.Kind.BUG, verdict.kind());
        assertEquals(kind, verdict.first().orElseThrow().kind());
        assertEquals(tensor, verdict.first().orElseThrow().name());
    }

    @ParameterizedTest(name = "{0} is seen first at {1}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            model.layers.0.self_attn.q_proj.weight | x1
            model.layers.2.mlp.down_proj.weight    | x6
            """)
    void swappedShardsAreABug(String parameter, String tensor) throws IOException {
        Plan broken = BrokenPlan.withSwappedShards(plan("tp=2", TensorType.FLOAT64, 2, "1f1b", true), parameter);
        Comparison comparison = compare(broken, plan("single", TensorType.FLOAT64, 2, "1f1b", true));
        Verdict verdict = Verdict.of(comparison, comparison, Verdict.FLOAT64_TOLERANCE);
        assertEquals(Verdict.Kind.BUG, verdict.kind());
        assertEquals(tensor, verdict.first().orElseThrow().name());
    }

    @Test
    void theSameRunTwiceGivesTheSameBits() throws IOException {
        Plan plan = plan("tp=2,pp=2", TensorType.FLOAT32, 4, "1f1b", true);
        Path first = probes().run(plan, "first", plan("single", TensorType.FLOAT32, 1, "1f1b", true));
        Path second = probes().run(plan, "second", plan);
        for (int rank = 0; rank < 4; rank++) {
            String name = "rank-" + rank + ".safetensors";
            assertEquals(-1, Files.mismatch(first.resolve(name), second.resolve(name)));
        }
    }

    private Comparison compare(Plan sharded, Plan single) throws IOException {
        return probes().compare(sharded, single);
    }

    private Probes probes() {
        return new Probes(temporary, THREE_STEPS);
    }
}
