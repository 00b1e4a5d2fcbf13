package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.model.BlockSpec;
import io.shardlab.model.Planner;
import io.shardlab.parity.BrokenPlan;
import io.shardlab.parity.Comparison;
import io.shardlab.parity.Verdict;
import io.shardlab.plan.Collective;
import io.shardlab.plan.LossFunction;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A user's block computes the same under every layout: values, loss, every gradient, parameters after three steps. */
final class BlockParityTest {

    private static final TrainSettings THREE_STEPS = TrainSettings.DEFAULT.withSteps(3);

    @TempDir
    Path temporary;

    private static BlockSpec model(String name) {
        return switch (name) {
            case "mlp" -> UserBlock.spec(name, UserBlock.MLP, LossFunction.CROSS_ENTROPY);
            case "mlp-l2" -> UserBlock.spec(name, UserBlock.MLP, LossFunction.L2);
            default -> UserBlock.spec(name, UserBlock.CNN, LossFunction.CROSS_ENTROPY);
        };
    }

    private static Plan plan(BlockSpec model, String scheme, TensorType type, int microbatches) {
        return plan(model, scheme, type, microbatches, 0);
    }

    private static Plan plan(BlockSpec model, String scheme, TensorType type, int microbatches, int zero) {
        return model.plan(
                Scheme.parse(scheme),
                new Planner.Settings(
                        type,
                        new Plan.Workload(8, 1, microbatches),
                        "1f1b",
                        7,
                        Options.DEFAULT.withUneven(true).withZero(zero)));
    }

    @ParameterizedTest(name = "{0} {1} m={2}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            mlp    | pp=2 | 4
            mlp    | pp=4 | 8
            mlp-l2 | pp=3 | 2
            cnn    | pp=2 | 4
            cnn    | pp=3 | 1
            """)
    void pipelinesAreBitwiseEqualToSingle(String name, String scheme, int microbatches) throws IOException {
        BlockSpec model = model(name);
        for (TensorType type : TensorType.values()) {
            Comparison comparison =
                    compare(plan(model, scheme, type, microbatches), plan(model, "single", type, microbatches), model);
            assertTrue(comparison.differences().size() > 10, comparison::toString);
            assertTrue(comparison.sameBits(), () -> type + " differs: " + comparison.firstAbove(0));
        }
    }

    @ParameterizedTest(name = "{0} {1} m={2}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            mlp    | tp=2      | 1
            mlp-l2 | tp=3      | 2
            mlp    | tp=5      | 1
            mlp    | tp=2,pp=2 | 4
            cnn    | tp=2      | 2
            cnn    | tp=2,pp=2 | 4
            """)
    void tensorLayoutsAgreeToRounding(String name, String scheme, int microbatches) throws IOException {
        BlockSpec model = model(name);
        Plan sharded = plan(model, scheme, TensorType.FLOAT64, microbatches);
        Comparison comparison = compare(sharded, plan(model, "single", TensorType.FLOAT64, microbatches), model);
        assertEquals(Optional.empty(), comparison.firstAbove(1e-12));
        assertTrue(
                sharded.parameters().stream().anyMatch(parameter -> parameter.placement() instanceof Placement.Split),
                "nothing is split");
    }

    @ParameterizedTest(name = "{0} {1} m={2} zero={3}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            mlp    | dp=2           | 1 | 0
            mlp-l2 | dp=4           | 2 | 0
            mlp    | dp=2           | 2 | 1
            cnn    | dp=2           | 2 | 0
            cnn    | dp=2           | 1 | 1
            cnn    | dp=2,pp=2      | 2 | 0
            mlp    | dp=2,tp=2      | 1 | 0
            mlp    | dp=2,tp=2,pp=2 | 2 | 1
            """)
    void dataLayoutsAgreeWithTheWholeBatch(String name, String scheme, int microbatches, int zero) throws IOException {
        BlockSpec model = model(name);
        Plan sharded = plan(model, scheme, TensorType.FLOAT64, microbatches, zero);
        // One device runs the micro-batches of all data ranks.
        Plan single = plan(
                model,
                "single",
                TensorType.FLOAT64,
                microbatches * sharded.scheme().data());
        Comparison comparison = compare(sharded, single, model);
        assertTrue(comparison.differences().size() > 10, comparison::toString);
        assertEquals(Optional.empty(), comparison.firstAbove(1e-12));
    }

    @Test
    void aMissingDataSumIsABug() throws IOException {
        BlockSpec model = model("cnn");
        Plan broken = BrokenPlan.withoutDataSum(plan(model, "dp=2", TensorType.FLOAT64, 1));
        assertTrue(firstWrong(compare(broken, plan(model, "single", TensorType.FLOAT64, 2), model))
                .startsWith("gradient "));
    }

    @Test
    void aMissingSumOrASwappedShardIsABug() throws IOException {
        BlockSpec model = model("cnn");
        Plan whole = plan(model, "tp=2", TensorType.FLOAT64, 2);
        Plan single = plan(model, "single", TensorType.FLOAT64, 2);
        assertEquals(
                "output x3", firstWrong(compare(BrokenPlan.without(whole, Collective.ALL_REDUCE, 0), single, model)));
        // The gradient that flows on to the convolution lacks the other rank's part.
        assertTrue(firstWrong(compare(BrokenPlan.without(whole, Collective.COPY, 0), single, model))
                .startsWith("gradient 01SequentialBlock_01Conv2d_"));
        assertEquals(
                "output x3",
                firstWrong(compare(BrokenPlan.withSwappedShards(whole, "02Linear_weight"), single, model)));
    }

    private static String firstWrong(Comparison comparison) {
        Verdict verdict = Verdict.of(comparison, comparison, Verdict.FLOAT64_TOLERANCE);
        assertEquals(Verdict.Kind.BUG, verdict.kind());
        return verdict.first().orElseThrow().kind() + " "
                + verdict.first().orElseThrow().name();
    }

    @Test
    void whatCannotBeDividedSaysWhyAndWhatCan() {
        BlockSpec model = model("cnn");
        assertEquals(
                "pp=4: cnn has 3 parts to divide (children with parameters); use pp = 1 to 3",
                refusal(() -> plan(model, "pp=4", TensorType.FLOAT32, 4)));
        assertEquals(
                "pp=3: cnn has 2 parts to divide (children with parameters, pairs that tp splits counted once); use pp = 1 to 2",
                refusal(() -> plan(model, "tp=2,pp=3", TensorType.FLOAT32, 4)));
        Planner.Settings even = new Planner.Settings(TensorType.FLOAT32, new Plan.Workload(8, 1, 1), "1f1b", 7);
        assertEquals(
                "tp=3 does not split the 16 columns of 02Linear_weight evenly; use --uneven, or tp = 1, 2, 4, 8, 16",
                refusal(() -> model.plan(Scheme.tp(3), even)));
        BlockSpec one = UserBlock.spec(
                "one",
                "return new SequentialBlock().add(Blocks.batchFlattenBlock()).add(Linear.builder().setUnits(5).build());",
                LossFunction.CROSS_ENTROPY);
        assertTrue(refusal(() -> one.plan(Scheme.tp(2), even))
                .startsWith("tp=2: one has no two Linear blocks in a row with only element-wise blocks between them"));
        assertTrue(refusal(() -> one.plan(
                        Scheme.SINGLE,
                        new Planner.Settings(TensorType.FLOAT32, new Plan.Workload(8, 16, 1), "1f1b", 7)))
                .startsWith("seq 16 is for language models"));
    }

    private static String refusal(Runnable planning) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, planning::run).getMessage());
    }

    private Comparison compare(Plan sharded, Plan single, BlockSpec model) throws IOException {
        return Comparison.of(sharded, probe(sharded, "sharded", model), single, probe(single, "single", model));
    }

    /** Runs three steps from the same seeded weights; they travel through a file, as a user's would. */
    private Path probe(Plan plan, String name, BlockSpec model) throws IOException {
        Path folder = temporary.resolve(name);
        Path weights = temporary.resolve("weights");
        Request known = new Request.Describe(model.code(), model.input());
        if (!Files.exists(weights)) {
            try (RankThreads rank = new RankThreads(1)) {
                rank.demand(known, (r, event) -> {});
                rank.demand(
                        new Request.Place(plan(model, "single", TensorType.FLOAT32, 1), Optional.empty()),
                        (r, event) -> {});
                rank.demand(new Request.Dump(weights.toString()), (r, event) -> {});
            }
        }
        Path samples = UserBlock.samples(temporary.resolve("samples.bin"), 21);
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(known, (rank, event) -> {});
            ranks.demand(
                    new Request.Probe(plan, THREE_STEPS, samples.toString(), weights.toString(), folder.toString()),
                    (rank, event) -> {});
        }
        return folder;
    }
}
