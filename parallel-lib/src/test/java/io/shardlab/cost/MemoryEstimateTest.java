package io.shardlab.cost;

import static io.shardlab.trace.MemoryCategory.ACTIVATIONS;
import static io.shardlab.trace.MemoryCategory.GRADIENTS;
import static io.shardlab.trace.MemoryCategory.HEAP;
import static io.shardlab.trace.MemoryCategory.OPTIMIZER;
import static io.shardlab.trace.MemoryCategory.OTHER;
import static io.shardlab.trace.MemoryCategory.WEIGHTS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.plan.HandmadePlan;
import io.shardlab.plan.Options;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.schedule.Lowering;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import java.util.List;
import org.junit.jupiter.api.Test;

/** One test for each mistake that the estimators of other systems make (knowledge/parallelism.md, section 2.2). */
class MemoryEstimateTest {

    private static HandmadePlan of(String scheme, String rule, int layersPerStage) {
        Scheme parsed = Scheme.parse(scheme);
        return HandmadePlan.of(
                parsed,
                Lowering.lower(ScheduleRule.named(rule).schedule(parsed.pipeline(), 4), parsed.data()),
                layersPerStage);
    }

    private static long bytes(Plan plan, int rank, MemoryCategory category) {
        Long bytes = MemoryEstimate.of(plan).ranks().get(rank).bytes().get(category);
        assertNotNull(bytes);
        return bytes;
    }

    @Test
    void trainingTakesSixteenBytesPerFloat32Parameter() {
        Plan plan = of("single", "1f1b", 2).plan();
        long parameters = plan.parameters().stream()
                .map(ParameterSpec::shape)
                .mapToLong(shape -> shape.numElements())
                .sum();
        long bytes = bytes(plan, 0, WEIGHTS) + bytes(plan, 0, GRADIENTS) + bytes(plan, 0, OPTIMIZER);
        assertEquals(16 * parameters, bytes);
    }

    /** EleutherAI's calculator divides weights by tp·pp and once more by all GPUs. */
    @Test
    void theDataAxisDividesNoWeights() {
        Plan one = of("pp=2", "1f1b", 2).plan();
        Plan two = of("dp=2,pp=2", "1f1b", 2).plan();
        for (MemoryCategory category : List.of(WEIGHTS, GRADIENTS, OPTIMIZER)) {
            assertEquals(bytes(one, 1, category), bytes(two, 1, category));
        }
    }

    /** 8 + 8/d bytes per parameter; slices are whole blocks, so they are not quite equal. */
    @Test
    void aSplitOptimizerIsDividedByTheDataAxisAndNothingElseIs() {
        Plan whole = of("dp=2,pp=2", "1f1b", 2).plan();
        Plan split = whole.withOptions(Options.DEFAULT.withZero(1));
        for (int rank = 0; rank < 2; rank++) {
            long both = bytes(split, rank, OPTIMIZER) + bytes(split, rank + 2, OPTIMIZER);
            assertEquals(bytes(whole, rank, OPTIMIZER), both);
            assertEquals(both / 2, bytes(split, rank, OPTIMIZER), 0.05 * both);
            assertEquals(bytes(whole, rank, WEIGHTS), bytes(split, rank, WEIGHTS));
            assertEquals(bytes(whole, rank, GRADIENTS), bytes(split, rank, GRADIENTS));
        }
    }

    /** EleutherAI's calculator leaves gradients whole below ZeRO stage 2. */
    @Test
    void gradientsAreDividedAsWeightsAre() {
        Plan plan = of("tp=2,pp=2", "1f1b", 2).plan();
        for (int rank = 0; rank < 4; rank++) {
            assertEquals(bytes(plan, rank, WEIGHTS), bytes(plan, rank, GRADIENTS));
        }
    }

    @Test
    void theTensorAxisDividesMatricesButNotNormsAndEmbedding() {
        long whole = bytes(of("single", "1f1b", 2).plan(), 0, WEIGHTS);
        long half = bytes(of("tp=2", "1f1b", 2).plan(), 0, WEIGHTS);
        long matrices = 4L * 2 * (4 * 32 * 32 + 3 * 32 * 96);
        assertEquals(whole - matrices / 2, half);
    }

    /** EleutherAI's calculator divides activations by pp: but 1F1B keeps p micro-batches of a p-th of the layers. */
    @Test
    void pipeliningCutsWeightsButNotTheFirstRanksActivations() {
        HandmadePlan single = of("single", "gpipe", 8);
        Plan whole = single.plan();
        Plan cut = of("pp=4", "1f1b", 2).plan();
        assertTrue(bytes(cut, 0, WEIGHTS) < 0.3 * bytes(whole, 0, WEIGHTS));
        assertTrue(bytes(cut, 0, ACTIVATIONS) > 0.8 * bytes(whole, 0, ACTIVATIONS));
    }

    @Test
    void gpipeKeepsEveryMicrobatchAndOneForwardOneBackwardOnlyTheDepthThatIsLeft() {
        Plan gpipe = of("pp=2", "gpipe", 2).plan();
        Plan alternating = of("pp=2", "1f1b", 2).plan();
        SegmentCost.Rows rows = SegmentCost.Rows.of(gpipe);
        long perMicrobatch = 4 * MemoryEstimate.savedElements(gpipe.stages().get(0), 0, rows, false);
        assertEquals(2 * perMicrobatch, bytes(gpipe, 0, ACTIVATIONS) - bytes(alternating, 0, ACTIVATIONS));
        assertTrue(bytes(alternating, 0, ACTIVATIONS) >= 2 * perMicrobatch);
    }

    /** Megatron's branch without sequence parallelism drops the attention scores and adds 5 % instead. */
    @Test
    void attentionScoresGrowWithTheSquareOfTheSequence() {
        for (int t : List.of(1, 2)) {
            HandmadePlan plan = of("tp=" + t, "1f1b", 1).withVocabulary(2);
            long a1 = bytes(plan.withWorkload(4, 64, 4).plan(), 0, ACTIVATIONS);
            long a2 = bytes(plan.withWorkload(4, 128, 4).plan(), 0, ACTIVATIONS);
            long a4 = bytes(plan.withWorkload(4, 256, 4).plan(), 0, ACTIVATIONS);
            long secondDifference = a4 - a2 - 2 * (a2 - a1);
            long heads = 4 / t;
            // saved softmax, and the scores that it came from: both [b,H,T,T]; 256² − 3·128² + 2·64² = 24 576
            assertEquals(2 * heads * 4 * 24_576, secondDifference, 0.1 * secondDifference);
        }
    }

    /** Megatron counts logits only where there is no pipeline. */
    @Test
    void theLastStagesLogitsCountInAPipelineToo() {
        long narrow = bytes(of("pp=2", "1f1b", 1).plan(), 1, ACTIVATIONS);
        long wide = bytes(of("pp=2", "1f1b", 1).withVocabulary(6464).plan(), 1, ACTIVATIONS);
        assertTrue(wide - narrow >= 32 * 6400 * 4L, "the log-softmax of 32 rows");
    }

    @Test
    void aTiedEmbeddingCountsOncePerRankThatHoldsIt() {
        long embedding = 4L * 64 * 32;
        assertEquals(
                bytes(of("single", "1f1b", 2).plan(), 0, WEIGHTS) - embedding,
                bytes(of("single", "1f1b", 2).withTied().plan(), 0, WEIGHTS));
        for (int rank = 0; rank < 2; rank++) {
            assertEquals(
                    bytes(of("pp=2", "1f1b", 2).plan(), rank, WEIGHTS),
                    bytes(of("pp=2", "1f1b", 2).withTied().plan(), rank, WEIGHTS));
        }
    }

    /** Uses are kept apart until the end of a step, so a tied embedding on one rank has two gradients of its size. */
    @Test
    void aTiedEmbeddingHasAGradientForEachUseOnARank() {
        for (String scheme : List.of("single", "pp=2")) {
            assertEquals(
                    bytes(of(scheme, "1f1b", 2).plan(), 0, GRADIENTS),
                    bytes(of(scheme, "1f1b", 2).withTied().plan(), 0, GRADIENTS));
        }
    }

    @Test
    void theBaselineIsAnInput() {
        Plan plan = of("single", "1f1b", 1).plan();
        var use = MemoryEstimate.of(plan, new MemoryEstimate.Baseline(5, 7))
                .ranks()
                .get(0);
        assertEquals(5L, use.bytes().get(HEAP));
        assertEquals(7L, use.bytes().get(OTHER));
        assertEquals(MemoryEstimate.Baseline.TYPICAL.otherBytes(), (long) bytes(plan, 0, OTHER));
    }

    @Test
    void theMostLoadedRankHasMostLayers() {
        Plan plan = of("pp=3", "gpipe", 1).withLayers(List.of(1, 6, 1)).plan();
        List<MemoryUse> ranks = MemoryEstimate.of(plan).ranks();
        assertTrue(ranks.get(1).totalBytes()
                > Math.max(ranks.get(0).totalBytes(), ranks.get(2).totalBytes()));
    }
}
