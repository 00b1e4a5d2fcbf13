package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.plan.Json;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.StepMetrics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Losses and gradient norms of 20 float64 steps equal those of an independent PyTorch decoder (tests/golden). */
final class GoldenLossTest {

    private static final Path GOLDEN = Path.of("..", "tests", "golden");
    private static final double RELATIVE = 1e-11;

    @TempDir
    Path temporary;

    @ParameterizedTest(name = "{0} {1} m={2} {3}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            plain  | single    | 1 | 1f1b
            plain  | tp=2      | 1 | 1f1b
            plain  | tp=4      | 2 | 1f1b
            plain  | tp=4 --sp | 2 | 1f1b
            plain  | pp=2      | 4 | 1f1b
            plain  | pp=2      | 4 | gpipe
            plain  | pp=4      | 8 | 1f1b
            plain  | tp=2,pp=2 | 2 | 1f1b
            gqa    | single    | 2 | 1f1b
            gqa    | tp=2      | 2 | 1f1b
            gqa    | pp=2      | 2 | gpipe
            gqa    | tp=2,pp=2 | 4 | 1f1b
            gqa    | tp=2,pp=2 --sp | 4 | 1f1b
            gqa    | tp=4 --uneven  | 2 | 1f1b
            untied | single    | 1 | 1f1b
            untied | tp=2      | 1 | 1f1b
            untied | pp=2      | 8 | 1f1b
            untied | tp=2,pp=2 | 2 | 1f1b
            clip   | single    | 4 | 1f1b
            clip   | tp=2      | 1 | 1f1b
            clip   | tp=2 --sp | 1 | 1f1b
            clip   | pp=2      | 4 | 1f1b
            clip   | tp=2,pp=2 | 2 | 1f1b
            odd    | single    | 1 | 1f1b
            odd    | tp=3      | 2 | 1f1b
            odd    | pp=3      | 6 | 1f1b
            odd    | tp=2 --uneven | 1 | 1f1b
            odd    | tp=4 --sp --uneven | 2 | 1f1b
            wide   | single    | 2 | 1f1b
            wide   | tp=2      | 1 | 1f1b
            wide   | tp=2,pp=2 | 4 | gpipe
            """)
    void lossesOfTwentyStepsEqualPyTorch(String name, String scheme, int microbatches, String schedule)
            throws IOException {
        Path folder = GOLDEN.resolve(name);
        JsonNode expected =
                Json.mapper().readTree(folder.resolve("expected.json").toFile());
        JsonNode settings = expected.path("settings");
        ModelSpec model = ModelSpec.read(folder);
        Plan.Workload workload = new Plan.Workload(
                settings.path("batch").asInt(), settings.path("seq").asInt(), microbatches);
        Plan plan = Planner.plan(
                model,
                Scheme.parse(scheme.split(" ", -1)[0]),
                new Planner.Settings(TensorType.FLOAT64, workload, schedule, 0, options(scheme)));
        List<StepMetrics> metrics = train(plan, folder, trainSettings(settings));
        for (int step = 0; step < metrics.size(); step++) {
            assertClose(
                    expected.path("losses").path(step).asDouble(),
                    metrics.get(step).loss(),
                    "loss of step " + step);
            assertClose(
                    expected.path("gradNorms").path(step).asDouble(),
                    metrics.get(step).gradNorm(),
                    "gradient norm of step " + step);
        }
        assertEquals(20, metrics.size());
    }

    static Options options(String flags) {
        return Options.DEFAULT.withSequenceParallel(flags.contains("--sp")).withUneven(flags.contains("--uneven"));
    }

    private static TrainSettings trainSettings(JsonNode settings) {
        return new TrainSettings(
                settings.path("steps").asInt(),
                settings.path("lr").asDouble(),
                settings.path("weightDecay").asDouble(),
                settings.path("betas").path(0).asDouble(),
                settings.path("betas").path(1).asDouble(),
                settings.path("epsilon").asDouble(),
                settings.path("clip").asDouble(0),
                0,
                false,
                false,
                0);
    }

    private List<StepMetrics> train(Plan plan, Path weights, TrainSettings settings) throws IOException {
        List<StepMetrics> metrics = new ArrayList<>();
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(new Request.Place(plan, Optional.of(weights.toString())), (rank, event) -> {});
            ranks.demand(
                    new Request.Train(
                            plan, settings, tokens(plan.vocabularySize()).toString(), 0),
                    (rank, event) -> {
                        if (event instanceof Event.StepDone done) {
                            metrics.add(done.metrics());
                        }
                    });
        }
        return metrics;
    }

    private Path tokens(int vocabularySize) throws IOException {
        byte[] text = Files.readAllBytes(GOLDEN.resolve("data.txt"));
        ByteBuffer ids = ByteBuffer.allocate(text.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (byte b : text) {
            ids.putInt((b & 0xFF) % vocabularySize);
        }
        return Files.write(temporary.resolve("tokens.bin"), ids.array());
    }

    private static void assertClose(double expected, double actual, String what) {
        assertEquals(expected, actual, RELATIVE * Math.abs(expected), what);
    }
}
