package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.parity.Comparison;
import io.shardlab.parity.Verdict;
import io.shardlab.plan.Action;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Schedule;
import io.shardlab.plan.Scheme;
import io.shardlab.schedule.GivenSchedule;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Whatever the schedule, a pipeline computes the bits of a single device with the same micro-batches, and does what its
 * schedule says in the order in which it says it.
 */
final class ScheduleParityTest {

    private static final TrainSettings THREE_STEPS = TrainSettings.DEFAULT.withSteps(3);

    /** Two chunks per rank with I and W passes, W late: no rule writes this one. */
    private static final String OWN =
            """
            schedule own
            0F0 0F1 2F0 2F1 2I0 2I1 0I0 2W0 0I1 2W1 0W0 0W1 0F2 0F3 2F2 2F3 2B2 2B3 0B2 0B3
            1F0 1F1 3F0 3B0 3F1 3B1 1B0 1I1 1F2 1W1 1F3 3F2 3B2 3F3 3B3 1B2 1B3
            """;

    /** Adds up rank 1's weight gradients in reverse. */
    private static final String REVERSED =
            """
            schedule reversed
            0F0 0F1 0F2 0F3 0B0 0B1 0B2 0B3
            1F0 1I0 1F1 1I1 1F2 1I2 1F3 1I3 1W3 1W2 1W1 1W0
            """;

    @TempDir
    Path temporary;

    private static Plan plan(int layers, String scheme, TensorType type, int microbatches, ScheduleRule rule) {
        ModelSpec model =
                new ModelSpec("parity", 256, 48, 96, layers, 12, 12, 4, 10_000, 1e-5, true, 64, 0.05, Optional.empty());
        return Planner.plan(
                model,
                Scheme.parse(scheme),
                new Planner.Settings(
                        type,
                        new Plan.Workload(8, 16, microbatches),
                        rule.name(),
                        7,
                        Options.DEFAULT.withChunks(rule.chunks())),
                rule);
    }

    @ParameterizedTest(name = "{1} {2} v={3} m={4}, {0} layers")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            4 | pp=2      | interleaved | 2 | 4
            5 | pp=2      | interleaved | 2 | 8
            8 | pp=4      | interleaved | 2 | 4
            6 | pp=2      | interleaved | 3 | 2
            4 | pp=2      | 1f1b-eager  | 1 | 8
            4 | pp=4      | 1f1b-eager  | 1 | 8
            4 | pp=2      | zb-h1       | 1 | 4
            4 | pp=3      | zb-h1       | 1 | 2
            4 | pp=4      | zb-h1       | 1 | 8
            """)
    void everyRuleGivesTheBitsOfASingleDevice(int layers, String scheme, String rule, int chunks, int microbatches)
            throws IOException {
        for (TensorType type : TensorType.values()) {
            Plan sharded = plan(layers, scheme, type, microbatches, ScheduleRule.named(rule, chunks));
            Comparison comparison = compare(sharded, layers);
            assertTrue(comparison.sameBits(), () -> type + " differs: " + comparison.firstAbove(0));
        }
    }

    @Test
    void aScheduleWrittenAsTextGivesTheBitsOfASingleDevice() throws IOException {
        GivenSchedule own = new GivenSchedule(Schedule.parse(OWN));
        Comparison comparison = compare(plan(4, "pp=2", TensorType.FLOAT32, 4, own), 4);
        assertTrue(comparison.sameBits(), () -> "differs: " + comparison.firstAbove(0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            tp=2,pp=2 | interleaved | 2
            tp=2,pp=2 | zb-h1       | 1
            """)
    void tensorAndPipelineLayoutsAgreeToRounding(String scheme, String rule, int chunks) throws IOException {
        Plan sharded = plan(4, scheme, TensorType.FLOAT64, 4, ScheduleRule.named(rule, chunks));
        assertEquals(Optional.empty(), compare(sharded, 4).firstAbove(1e-12));
    }

    /** The bits depend on the order of the sums and on nothing else: another order is rounding, and it is seen. */
    @Test
    void gradientsAddedUpInAnotherOrderAreRounding() throws IOException {
        GivenSchedule reversed = new GivenSchedule(Schedule.parse(REVERSED));
        assertFalse(reversed.written().sumsInOrder());
        Comparison float32 = compare(plan(4, "pp=2", TensorType.FLOAT32, 4, reversed), 4);
        Comparison float64 = compare(plan(4, "pp=2", TensorType.FLOAT64, 4, reversed), 4);
        assertFalse(float32.sameBits());
        assertEquals(Optional.empty(), float64.firstAbove(1e-12));
        assertEquals(
                Verdict.Kind.ROUNDING,
                Verdict.of(float32, float64, Verdict.FLOAT64_TOLERANCE).kind());
    }

    @ParameterizedTest
    @CsvSource({"gpipe,1,4", "1f1b,1,4", "1f1b-eager,1,4", "interleaved,2,4", "zb-h1,1,4"})
    void theExecutedActionsAreThoseOfThePlan(String rule, int chunks, int microbatches) throws IOException {
        Plan plan = plan(4, "pp=2", TensorType.FLOAT32, microbatches, ScheduleRule.named(rule, chunks));
        TreeMap<Integer, List<String>> executed = new TreeMap<>();
        try (RankThreads ranks = new RankThreads(2)) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            ranks.demand(new Request.Train(plan, THREE_STEPS, probes().tokens().toString(), 0), (rank, event) -> {
                if (event instanceof Event.Spans spans && spans.step() == 1) {
                    spans.spans().stream()
                            .map(span -> span.label())
                            .filter(label -> Action.NOTATION.matcher(label).matches())
                            .forEach(label -> executed.computeIfAbsent(rank, key -> new ArrayList<>())
                                    .add(label));
                }
            });
        }
        for (int rank = 0; rank < 2; rank++) {
            List<String> planned = plan.schedule().actions().get(rank).stream()
                    .map(Action::toString)
                    .toList();
            assertEquals(planned, executed.get(rank));
        }
    }

    private Comparison compare(Plan sharded, int layers) throws IOException {
        Plan single =
                plan(layers, "single", sharded.type(), sharded.workload().microbatches(), ScheduleRule.named("1f1b"));
        return probes().compare(sharded, single);
    }

    private Probes probes() {
        return new Probes(temporary, THREE_STEPS);
    }
}
