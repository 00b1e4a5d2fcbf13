package io.shardlab.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.plan.HandmadePlan;
import io.shardlab.plan.LossFunction;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Schedule;
import io.shardlab.plan.Scheme;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.schedule.GPipe;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SegmentCostTest {

    private static final Schedule ONE = new GPipe().schedule(1, 4);

    private static double flops(Plan plan, int tensorIndex, Class<? extends Segment.Kind> kind) {
        return plan.stages().get(0).segments().stream()
                .filter(segment -> kind.isInstance(segment.kind()))
                .mapToDouble(segment -> SegmentCost.of(segment, tensorIndex, SegmentCost.Rows.of(plan))
                        .forwardFlops())
                .sum();
    }

    /** Narayanan et al. 2021: 24 b s h² (1 + s/6h) for an FFN of two products of 4h; ours has three of width F. */
    @Test
    void aLayerCostsWhatThePaperSaysPlusSmallTerms() {
        Plan plan = HandmadePlan.of(Scheme.SINGLE, ONE, 1).plan();
        double n = 2 * 16;
        double products = 8 * n * 32 * 32 + 4 * n * 16 * 32;
        assertEquals(products + 5 * n * 16 * 4, flops(plan, 0, Segment.Attention.class));
        assertEquals(6 * n * 32 * 96 + 6 * n * 96, flops(plan, 0, Segment.FeedForward.class));
        assertEquals(2 * n * 32 * 64 + 5 * n * 64 + 4 * n * 32, flops(plan, 0, Segment.Head.class));
        assertEquals(0, flops(plan, 0, Segment.Embedding.class));
    }

    @Test
    void theTensorAxisDividesAttentionAndFeedForward() {
        Plan whole = HandmadePlan.of(Scheme.SINGLE, ONE, 2).plan();
        Plan halves = HandmadePlan.of(Scheme.tp(2), ONE, 2).plan();
        for (var kind : Set.of(Segment.Attention.class, Segment.FeedForward.class)) {
            assertEquals(flops(whole, 0, kind), flops(halves, 0, kind) + flops(halves, 1, kind));
        }
        assertEquals(flops(whole, 0, Segment.Norm.class), flops(halves, 0, Segment.Norm.class));
    }

    @Test
    void everyKindHasAPrice() {
        Stage stage = HandmadePlan.of(Scheme.SINGLE, ONE, 1).plan().stages().get(0);
        var rows = new SegmentCost.Rows(1, 4, 32);
        List<Segment> vocabularyHead = List.of(
                new Segment(
                        "scores",
                        new Segment.VocabularyScores(),
                        List.of(new ParameterSpec("w", TensorShape.of(8, 32), Placement.replicated(), 1))),
                new Segment("loss", new Segment.VocabularyLoss(), List.of()));
        TensorShape eight = TensorShape.of(8);
        ParameterSpec matrix = new ParameterSpec("w", TensorShape.of(8, 8), Placement.replicated(), 1);
        List<Segment> users = List.of(
                new Segment("child", new Segment.Block("code", 0, 1, eight, eight, true, 128, 8), List.of(matrix)),
                new Segment("partial", new Segment.PartialLinear(eight), List.of(matrix)),
                new Segment("bias", new Segment.Bias(eight), List.of()),
                new Segment("loss of classes", new Segment.Loss(LossFunction.CROSS_ENTROPY), List.of()));
        var priced = Stream.of(stage.segments(), vocabularyHead, users)
                .flatMap(List::stream)
                .peek(segment -> assertTrue(SegmentCost.of(segment, 0, rows).forwardFlops() >= 0))
                .map(segment -> segment.kind().getClass())
                .collect(Collectors.toSet());
        assertEquals(Set.copyOf(Arrays.asList(Segment.Kind.class.getPermittedSubclasses())), priced);
    }
}
