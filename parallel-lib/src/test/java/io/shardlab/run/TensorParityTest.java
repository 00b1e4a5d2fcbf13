package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cost.CommunicationEstimate;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.parity.BrokenPlan;
import io.shardlab.parity.Comparison;
import io.shardlab.parity.Difference;
import io.shardlab.parity.Verdict;
import io.shardlab.plan.Collective;
import io.shardlab.plan.Options;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.PhaseTraffic;
import io.shardlab.trace.StepMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Split vocabularies, tokens split between blocks, and uneven splits compute what the unsharded model computes, and send what
 * the formulas say.
 */
final class TensorParityTest {

    /** Twice what two-way splits are held to: a four-way sum is rounded twice more. */
    private static final double FLOAT32_TOLERANCE = 2e-6;

    private static final TrainSettings THREE_STEPS = TrainSettings.DEFAULT.withSteps(3);

    @TempDir
    Path temporary;

    /** {@code heads} as {@code 9/3}: query and KV heads. */
    private static ModelSpec model(String heads, int vocabulary, boolean tied) {
        String[] counts = heads.split("/", -1);
        return new ModelSpec(
                "parity",
                vocabulary,
                48,
                96,
                4,
                Integer.parseInt(counts[0]),
                Integer.parseInt(counts[1]),
                4,
                10_000,
                1e-5,
                tied,
                64,
                0.05,
                Optional.empty());
    }

    private static Plan plan(ModelSpec model, String scheme, String flags, int microbatches, TensorType type) {
        Options options = Options.DEFAULT
                .withSequenceParallel(flags.contains("sp") && !scheme.equals("single"))
                .withRecompute(flags.contains("recompute"))
                .withDropout(flags.contains("dropout") ? 0.25 : 0)
                .withUneven(flags.contains("uneven"));
        Plan.Workload workload = new Plan.Workload(8, 13, microbatches);
        return Planner.plan(model, Scheme.parse(scheme), new Planner.Settings(type, workload, "1f1b", 7, options));
    }

    @ParameterizedTest(name = "{0} {1} m={2}, heads {3}, V={4}, tied={5}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            tp=2      | -         | 2 | 12/12 | 251 | true
            tp=3      | -         | 1 | 12/12 | 251 | false
            tp=4      | -         | 4 | 12/4  | 251 | true
            tp=4,pp=2 | -         | 2 | 12/4  | 251 | true
            tp=2      | sp        | 2 | 12/12 | 256 | true
            tp=3      | sp        | 8 | 12/12 | 251 | false
            tp=4      | sp        | 1 | 12/4  | 251 | true
            tp=2,pp=2 | sp        | 4 | 12/12 | 256 | true
            tp=4,pp=2 | sp        | 2 | 12/4  | 251 | false
            tp=2      | uneven    | 2 | 3/3   | 251 | true
            tp=2      | uneven    | 1 | 9/3   | 251 | true
            tp=4      | uneven    | 4 | 9/3   | 251 | false
            tp=3      | uneven    | 2 | 8/8   | 256 | true
            tp=2,pp=3 | uneven    | 4 | 9/3   | 251 | true
            tp=4,pp=2 | uneven sp | 2 | 9/3   | 251 | true
            tp=3      | sp dropout recompute | 2 | 12/12 | 251 | true
            """)
    void tensorLayoutsAgreeToRounding(
            String scheme, String flags, int microbatches, String heads, int vocabulary, boolean tied)
            throws IOException {
        ModelSpec model = model(heads, vocabulary, tied);
        Map<TensorType, Comparison> comparisons = new HashMap<>();
        for (TensorType type : TensorType.values()) {
            Comparison comparison = compare(
                    plan(model, scheme, flags, microbatches, type), plan(model, "single", flags, microbatches, type));
            comparisons.put(type, comparison);
        }
        Comparison float64 = comparisons.getOrDefault(TensorType.FLOAT64, new Comparison(List.of()));
        Comparison float32 = comparisons.getOrDefault(TensorType.FLOAT32, new Comparison(List.of()));
        for (Difference difference : float64.differences()) {
            // Adam divides by the root of the second moment, so where a gradient is almost 0 its rounding is seen
            // enlarged in single
            // elements of a parameter; the parameter as a whole stays within the bound.
            double far = difference.kind().equals("parameter") ? difference.relativeNorm() : difference.maxRelative();
            assertTrue(far <= 1e-12, difference::toString);
        }
        for (Difference difference : float32.differences()) {
            if (!difference.kind().equals("parameter") && !difference.name().matches("step [12]")) {
                assertTrue(difference.relativeNorm() <= FLOAT32_TOLERANCE, difference::toString);
            }
        }
        assertEquals(
                Verdict.Kind.ROUNDING,
                Verdict.of(float32, float64, Verdict.FLOAT64_TOLERANCE).kind());
    }

    @ParameterizedTest(name = "{0} {1} m={2}, heads {3}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            tp=3      | -         | 2 | 12/12
            tp=2,pp=2 | sp        | 4 | 12/12
            tp=4      | sp        | 2 | 12/4
            tp=4      | uneven    | 2 | 9/3
            tp=2,pp=2 | uneven sp | 4 | 9/3
            """)
    void lossesAndGradientNormsAreThoseOfOneDeviceAndTrafficIsThatOfTheFormulas(
            String scheme, String flags, int microbatches, String heads) throws IOException {
        ModelSpec model = model(heads, 251, true);
        Plan plan = plan(model, scheme, flags, microbatches, TensorType.FLOAT64);
        List<Reply> replies = new ArrayList<>();
        List<StepMetrics> sharded = train(plan, replies);
        List<StepMetrics> single =
                train(plan(model, "single", "-", microbatches, TensorType.FLOAT64), new ArrayList<>());
        assertEquals(3, sharded.size());
        for (int step = 0; step < 3; step++) {
            StepMetrics expected = single.get(step);
            assertEquals(expected.loss(), sharded.get(step).loss(), 1e-12 * expected.loss());
            assertEquals(expected.gradNorm(), sharded.get(step).gradNorm(), 1e-12 * expected.gradNorm());
        }
        for (int rank = 0; rank < plan.mesh().size(); rank++) {
            assertEquals(expectedTraffic(plan, rank), ((Reply.Trained) replies.get(rank)).traffic());
        }
    }

    /** By the headings under which ranks count. */
    private static Map<String, Reply.Traffic> expectedTraffic(Plan plan, int rank) {
        Map<String, Reply.Traffic> expected = new HashMap<>();
        for (PhaseTraffic traffic : CommunicationEstimate.of(plan).phases()) {
            if (traffic.rank() == rank) {
                expected.put(traffic.heading(), new Reply.Traffic(3 * traffic.count(), 3 * traffic.bytes()));
            }
        }
        return expected;
    }

    @ParameterizedTest(name = "{0} {1}, heads {2}: prompt of {3}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            tp=3      | -         | 12/12 | 5
            tp=2,pp=2 | sp        | 12/12 | 1
            tp=4      | uneven sp | 9/3   | 2
            """)
    void generatedTokensAreThoseOfOneDevice(String scheme, String flags, String heads, int promptLength) {
        ModelSpec model = model(heads, 251, true);
        List<Integer> prompt = List.of(3, 250, 0, 17, 99).subList(0, promptLength);
        List<Integer> expected = generate(plan(model, "single", "-", 1, TensorType.FLOAT64), prompt);
        assertEquals(40, expected.size());
        assertEquals(expected, generate(plan(model, scheme, flags, 1, TensorType.FLOAT64), prompt));
    }

    @ParameterizedTest(name = "{0} number {1} under {2}: {3} {4}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            REDUCE_SCATTER | 0 | sp | output   | x0
            REDUCE_SCATTER | 4 | sp | output   | x4
            ALL_GATHER     | 8 | sp | gradient | model.norm.weight
            ALL_GATHER     | 3 | sp | gradient | model.layers.1.post_attention_layernorm.weight
            COPY           | 8 | -  | gradient | model.norm.weight
            """)
    void aMissingSumIsABug(Collective collective, int index, String flags, String kind, String tensor)
            throws IOException {
        ModelSpec model = model("12/12", 251, false);
        Plan broken = BrokenPlan.without(plan(model, "tp=2", flags, 2, TensorType.FLOAT64), collective, index);
        assertFirstWrong(kind, tensor, broken, model);
    }

    @Test
    void aNormsGradientThatIsNotSummedOverSplitTokensIsABug() throws IOException {
        ModelSpec model = model("12/12", 251, true);
        String norm = "model.layers.2.input_layernorm.weight";
        Plan plan = plan(model, "tp=2", "sp", 2, TensorType.FLOAT64);
        assertFirstWrong("gradient", norm, BrokenPlan.withoutGradientSum(plan, norm), model);
    }

    @Test
    void aDividedKeyValueHeadWhoseGradientIsNotSummedIsABug() throws IOException {
        ModelSpec model = model("9/3", 251, true);
        String keys = "model.layers.3.self_attn.k_proj.weight";
        Plan plan = plan(model, "tp=2", "uneven", 2, TensorType.FLOAT64);
        assertFirstWrong("gradient", keys, BrokenPlan.withoutGradientSum(plan, keys), model);
    }

    /** Every rank scores the first rows of the vocabulary only: the loss is that of another model. */
    @Test
    void aVocabularyWhoseSecondPartIsForgottenIsABug() throws IOException {
        ModelSpec model = model("12/12", 250, false);
        Plan plan = plan(model, "tp=2", "-", 2, TensorType.FLOAT64);
        List<Stage> stages = plan.stages().stream()
                .map(stage -> new Stage(
                        stage.index(),
                        stage.pipelineRank(),
                        stage.label(),
                        stage.steps().stream()
                                .map(TensorParityTest::withFirstPartTwice)
                                .toList(),
                        stage.input(),
                        stage.output()))
                .toList();
        assertFirstWrong("loss", "step 0", plan.withStages(stages), model);
    }

    private static Step withFirstPartTwice(Step step) {
        if (!(step instanceof Step.Local local)
                || !(local.segment().kind() instanceof Segment.VocabularyScores)
                || !(local.segment().parameters().get(0).placement() instanceof Placement.Split split)) {
            return step;
        }
        ParameterSpec projection = local.segment().parameters().get(0);
        Placement first = new Placement.Split(
                0, List.of(split.extents().get(0), split.extents().get(0)));
        ParameterSpec wrong = new ParameterSpec(projection.name(), projection.shape(), first, 0.05);
        return new Step.Local(
                new Segment(local.segment().name(), local.segment().kind(), List.of(wrong)),
                local.inputs(),
                local.output());
    }

    private void assertFirstWrong(String kind, String tensor, Plan broken, ModelSpec model) throws IOException {
        Plan single = plan(model, "single", "-", broken.workload().microbatches(), TensorType.FLOAT64);
        Comparison comparison = compare(broken, single);
        Verdict verdict = Verdict.of(comparison, comparison, Verdict.FLOAT64_TOLERANCE);
        assertEquals(Verdict.Kind.BUG, verdict.kind());
        assertEquals(
                kind + " " + tensor,
                verdict.first().map(d -> d.kind() + " " + d.name()).orElse(""));
    }

    @Test
    void noTensorOfTheWholeVocabularyIsInAnyPlan() {
        Plan plan = plan(model("12/12", 251, false), "tp=2,pp=2", "sp", 2, TensorType.FLOAT32);
        for (ParameterSpec parameter : plan.parameters()) {
            for (int index = 0; index < 2; index++) {
                assertFalse(parameter.localShape(index).dims().contains(251L), parameter::name);
            }
        }
    }

    private Comparison compare(Plan sharded, Plan single) throws IOException {
        return probes().compare(sharded, single);
    }

    private Probes probes() {
        return new Probes(temporary, THREE_STEPS);
    }

    private List<StepMetrics> train(Plan plan, List<Reply> replies) throws IOException {
        List<StepMetrics> metrics = new ArrayList<>();
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            replies.addAll(ranks.demand(
                    new Request.Train(plan, THREE_STEPS, probes().tokens().toString(), 0), (rank, event) -> {
                        if (event instanceof Event.StepDone done) {
                            metrics.add(done.metrics());
                        }
                    }));
        }
        return metrics;
    }

    private static List<Integer> generate(Plan plan, List<Integer> prompt) {
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            List<Reply> replies = ranks.demand(new Request.Infer(prompt, 40), (rank, event) -> {});
            List<Integer> first = ((Reply.Generated) replies.get(0)).tokens();
            replies.forEach(reply -> assertEquals(first, ((Reply.Generated) reply).tokens()));
            return first;
        }
    }
}
