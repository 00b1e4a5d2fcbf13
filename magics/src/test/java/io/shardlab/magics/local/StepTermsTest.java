package io.shardlab.magics.local;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.magics.backend.Runs;
import io.shardlab.model.Planner;
import io.shardlab.model.Presets;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.Span;
import io.shardlab.trace.Timeline;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Where the time of a step went. */
final class StepTermsTest {

    /** The agreement at the end of a step waits for the slowest rank: that is neither arithmetic nor a collective of tensors. */
    @Test
    void waitingForTheOthersAfterThePassesIsNoTensorCommunication() throws IOException {
        Plan plan = Presets.resolve("tiny")
                .plan(
                        Scheme.tp(2),
                        new Planner.Settings(
                                TensorType.FLOAT32, new Plan.Workload(2, 16, 1), "1f1b", 0, Options.DEFAULT),
                        ScheduleRule.named("1f1b"));
        Timeline step = Timeline.of(
                false,
                2,
                List.of(
                        span(0, Span.Kind.FORWARD, 0, 10),
                        span(0, Span.Kind.COLLECTIVE, 2, 4),
                        span(0, Span.Kind.BACKWARD, 10, 30),
                        span(0, Span.Kind.COLLECTIVE, 20, 22),
                        span(0, Span.Kind.COLLECTIVE, 30, 130),
                        span(1, Span.Kind.FORWARD, 0, 10),
                        span(1, Span.Kind.BACKWARD, 10, 130)));
        Map<String, Double> measured = new HashMap<>();
        for (Runs.TimeTerm term : new StepTerms(plan, step).beside(Map.of())) {
            measured.put(term.name(), term.measuredMillis().orElseThrow());
        }
        assertEquals(2, measured.get("tensorCommunication"), "the mean of 4 ms and none");
        assertEquals(78, measured.get("compute"), "the mean of 26 and 130 ms");
        assertEquals(78, new StepTerms(plan, step).computeMillis());
    }

    private static Span span(int rank, Span.Kind kind, long startMillis, long endMillis) {
        return new Span(rank, 0, kind, "", startMillis * 1_000_000, endMillis * 1_000_000, 0);
    }
}
