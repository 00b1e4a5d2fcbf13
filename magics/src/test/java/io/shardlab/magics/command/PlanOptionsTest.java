package io.shardlab.magics.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.model.Planner;
import io.shardlab.model.Presets;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PlanOptionsTest {

    /** {@code --dropout 0} on a model that was placed with another rate trained with that rate. */
    @ParameterizedTest
    @CsvSource({
        "train tiny, true",
        "train tiny --dropout 0.5 --recompute, true",
        "train tiny --dropout 0, false",
        "train tiny --zero 0, false",
        "train tiny --chunks 1, false"
    })
    void aDefaultThatWasSaidIsNotTheSameAsNone(String line, boolean matches) throws IOException {
        Options options = Options.DEFAULT.withDropout(0.5).withRecompute(true);
        Plan placed = Presets.resolve("tiny")
                .plan(
                        Scheme.SINGLE,
                        new Planner.Settings(TensorType.FLOAT32, new Plan.Workload(8, 128, 1), "1f1b", 0, options),
                        ScheduleRule.named("1f1b"));
        TrainCommand train = (TrainCommand) Verbs.parse(List.of(line.split(" ")));
        assertEquals(matches, train.options().placement().orElseThrow().matches(placed));
    }
}
