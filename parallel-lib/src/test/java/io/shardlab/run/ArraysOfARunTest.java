package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However many steps are trained, the engine keeps the same arrays; resident memory is watched in worker JVMs. */
final class ArraysOfARunTest {

    @TempDir
    Path temporary;

    @ParameterizedTest
    @ValueSource(strings = {"single", "tp=2", "pp=2"})
    void aHundredStepsLaterTheEngineKeepsTheSameArrays(String scheme) throws Exception {
        ModelSpec model =
                new ModelSpec("arrays", 256, 16, 32, 2, 2, 2, 8, 10_000, 1e-5, true, 64, 0.05, Optional.empty());
        Plan plan = Planner.plan(
                model,
                Scheme.parse(scheme),
                new Planner.Settings(TensorType.FLOAT32, new Plan.Workload(4, 8, 2), "1f1b", 7));
        Path tokens = Files.write(
                temporary.resolve("tokens"),
                ByteBuffer.allocate(2000 * Integer.BYTES).array());
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            TrainSettings ten = TrainSettings.DEFAULT.withSteps(10);
            ranks.demand(new Request.Train(plan, ten, tokens.toString(), 0), (rank, event) -> {});
            int before = ranks.numArrays();
            TrainSettings hundred = TrainSettings.DEFAULT.withSteps(100);
            ranks.demand(new Request.Train(plan, hundred, tokens.toString(), 10), (rank, event) -> {});
            assertEquals(before, ranks.numArrays());
        }
    }
}
