package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.parity.Comparison;
import io.shardlab.parity.Verdict;
import io.shardlab.plan.Options;
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
import org.junit.jupiter.params.provider.ValueSource;

/** Recomputing changes no bit; dropout drops the same elements in every layout. */
final class TrainingPassTest {

    private static final Options RECOMPUTE = Options.DEFAULT.withRecompute(true);
    private static final Options DROPOUT = Options.DEFAULT.withDropout(0.2);

    @TempDir
    Path temporary;

    private static Plan plan(String scheme, TensorType type, int microbatches, Options options) {
        ModelSpec model = new ModelSpec(
                "small", SmallModel.VOCABULARY, 16, 24, 4, 4, 2, 4, 10_000, 1e-5, true, 32, 0.1, Optional.empty());
        return Planner.plan(
                model,
                Scheme.parse(scheme),
                new Planner.Settings(type, new Plan.Workload(8, 8, microbatches), "1f1b", 3, options));
    }

    @ParameterizedTest(name = "{0} in {1}")
    @CsvSource({"single, FLOAT32", "single, FLOAT64", "pp=2, FLOAT32"})
    void recomputingChangesNoBit(String scheme, TensorType type) throws IOException {
        Comparison comparison = compare(plan(scheme, type, 4, RECOMPUTE), plan(scheme, type, 4, Options.DEFAULT));
        assertTrue(comparison.sameBits(), () -> "differs: " + comparison.firstAbove(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tp=2", "tp=2,pp=2"})
    void recomputingChangesNoLossOfATensorLayout(String scheme) throws IOException {
        assertArrayEquals(
                losses(plan(scheme, TensorType.FLOAT32, 4, Options.DEFAULT)),
                losses(plan(scheme, TensorType.FLOAT32, 4, RECOMPUTE)));
    }

    @Test
    void recomputingChangesNoBitUnderDropout() throws IOException {
        Comparison comparison = compare(
                plan("single", TensorType.FLOAT32, 4, DROPOUT.withRecompute(true)),
                plan("single", TensorType.FLOAT32, 4, DROPOUT));
        assertTrue(comparison.sameBits(), () -> "differs: " + comparison.firstAbove(0));
    }

    @ParameterizedTest(name = "{0} m={1}")
    @CsvSource({"pp=2, 4", "pp=4, 4"})
    void pipelinesDropWhatTheSingleDeviceDropsBitForBit(String scheme, int microbatches) throws IOException {
        Comparison comparison = compare(
                plan(scheme, TensorType.FLOAT32, microbatches, DROPOUT),
                plan("single", TensorType.FLOAT32, microbatches, DROPOUT));
        assertTrue(comparison.sameBits(), () -> "differs: " + comparison.firstAbove(0));
    }

    @ParameterizedTest(name = "{0} m={1} against m={2}")
    @CsvSource({"tp=2, 2, 2", "'tp=2,pp=2', 4, 4"})
    void layoutsDropTheSameElements(String scheme, int microbatches, int alone) throws IOException {
        Comparison comparison = compare(
                plan(scheme, TensorType.FLOAT64, microbatches, DROPOUT),
                plan("single", TensorType.FLOAT64, alone, DROPOUT));
        assertEquals(Optional.empty(), comparison.firstAbove(1e-12));
    }

    /** Losses and gradients do not depend on how the batch is cut; values of micro-batch 0 do, by their shape. */
    @Test
    void microbatchesDropWhatTheWholeBatchDrops() throws IOException {
        double[] whole = losses(plan("single", TensorType.FLOAT64, 1, DROPOUT));
        double[] cut = losses(plan("single", TensorType.FLOAT64, 8, DROPOUT));
        double[] dry = losses(plan("single", TensorType.FLOAT64, 1, Options.DEFAULT));
        for (int step = 0; step < whole.length; step++) {
            assertEquals(whole[step], cut[step], 1e-12);
            assertNotEquals(whole[step], dry[step], 1e-6, "dropout changes the loss");
        }
    }

    /** Against a run that drops other elements, the verdict must be red. */
    @Test
    void otherMasksAreSeen() throws IOException {
        Comparison comparison = compare(
                plan("tp=2", TensorType.FLOAT64, 2, DROPOUT),
                plan("single", TensorType.FLOAT64, 2, DROPOUT.withDropout(0.2001)));
        assertEquals(
                Verdict.Kind.BUG,
                Verdict.of(comparison, comparison, Verdict.FLOAT64_TOLERANCE).kind());
    }

    private double[] losses(Plan plan) throws IOException {
        double[] losses = new double[3];
        Path tokens = SmallModel.tokens(temporary.resolve("tokens.bin"));
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            Request train = new Request.Train(plan, TrainSettings.DEFAULT.withSteps(3), tokens.toString(), 0);
            ranks.demand(train, (rank, event) -> {
                if (event instanceof Event.StepDone step) {
                    losses[step.metrics().step()] = step.metrics().loss();
                }
            });
        }
        return losses;
    }

    private Comparison compare(Plan sharded, Plan single) throws IOException {
        return Comparison.of(sharded, probe(sharded, "sharded"), single, probe(single, "single"));
    }

    private Path probe(Plan plan, String name) throws IOException {
        Path folder = temporary.resolve(name);
        Path weights = temporary.resolve("weights");
        Path tokens = SmallModel.tokens(temporary.resolve("tokens.bin"));
        if (!Files.exists(weights)) {
            try (RankThreads rank = new RankThreads(1)) {
                Plan seeded = plan("single", TensorType.FLOAT32, 1, Options.DEFAULT);
                rank.demand(new Request.Place(seeded, Optional.empty()), (r, event) -> {});
                rank.demand(new Request.Dump(weights.toString()), (r, event) -> {});
            }
        }
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(
                    new Request.Probe(
                            plan,
                            TrainSettings.DEFAULT.withSteps(3),
                            tokens.toString(),
                            weights.toString(),
                            folder.toString()),
                    (rank, event) -> {});
        }
        return folder;
    }
}
