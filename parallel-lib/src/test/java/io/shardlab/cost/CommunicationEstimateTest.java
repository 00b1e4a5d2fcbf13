package io.shardlab.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.mesh.Axis;
import io.shardlab.plan.HandmadePlan;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.schedule.Lowering;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.trace.Traffic;
import java.util.List;
import org.junit.jupiter.api.Test;

class CommunicationEstimateTest {

    private static final int M = 4;
    /** [b,T,D] of one micro-batch in float32: 2·16·32·4. */
    private static final long VALUE = 2 * 16 * 32 * 4;

    private static HandmadePlan of(String scheme, int layersPerStage) {
        Scheme parsed = Scheme.parse(scheme);
        return HandmadePlan.of(
                parsed,
                Lowering.lower(ScheduleRule.named("1f1b").schedule(parsed.pipeline(), M), parsed.data()),
                layersPerStage);
    }

    private static List<Traffic> of(Plan plan, int rank) {
        return CommunicationEstimate.of(plan).traffic().stream()
                .filter(traffic -> traffic.rank() == rank)
                .toList();
    }

    @Test
    void aSingleDeviceSendsNothing() {
        assertEquals(List.of(), CommunicationEstimate.of(of("single", 2).plan()).traffic());
    }

    /** Two all-reduces forward and two backward per layer and micro-batch: 8 s b h e (t−1)/t in all. */
    @Test
    void aTensorLayerSendsFourAllReduces() {
        for (int t : List.of(2, 4)) {
            Plan plan = of("tp=" + t, 3).plan();
            long calls = 4L * 3 * M;
            for (int rank = 0; rank < t; rank++) {
                assertEquals(
                        List.of(new Traffic(rank, "all_reduce", Axis.TENSOR, calls, calls * 2 * (t - 1) * VALUE / t)),
                        of(plan, rank));
            }
        }
    }

    @Test
    void aPipelineBoundaryIsCrossedOnceEachWayPerMicrobatch() {
        Plan plan = of("pp=3", 1).plan();
        assertEquals(List.of(new Traffic(0, "send", Axis.PIPELINE, M, M * VALUE)), of(plan, 0));
        assertEquals(List.of(new Traffic(1, "send", Axis.PIPELINE, 2 * M, 2 * M * VALUE)), of(plan, 1));
        assertEquals(List.of(new Traffic(2, "send", Axis.PIPELINE, M, M * VALUE)), of(plan, 2));
    }

    @Test
    void aTiedEmbeddingIsSummedBetweenFirstAndLastStageOncePerStep() {
        Plan plan = of("pp=3", 1).withTied().plan();
        Traffic expected = new Traffic(0, "all_reduce", Axis.PIPELINE, 1, 64 * 32 * 4);
        assertEquals(expected, of(plan, 0).get(1));
        assertEquals(1, of(plan, 1).size());
        assertEquals(2, of(plan, 2).size());
    }

    @Test
    void theDataAxisSumsLocalGradientsOncePerStep() {
        Plan plan = of("dp=2", 1).withWorkload(16, 16, 8).plan();
        long parameters = 2L * 64 * 32 + 3 * 32 + 4 * 32 * 32 + 3 * 32 * 96;
        assertEquals(List.of(new Traffic(1, "all_reduce", Axis.DATA, 1, 4 * parameters)), of(plan, 1));
        Plan split = plan.withOptions(Options.DEFAULT.withZero(1));
        assertEquals(
                List.of(
                        new Traffic(1, "reduce_scatter", Axis.DATA, 1, 2 * parameters),
                        new Traffic(1, "all_gather", Axis.DATA, 1, 2 * parameters)),
                of(split, 1));
    }

    /** Each use has a gradient of its own, which is summed over the data ranks before it meets the other's. */
    @Test
    void theTwoGradientsOfATiedParameterAreSummedApartAndItsWeightIsGatheredOnce() {
        Plan plan = of("dp=2", 1).withTied().withWorkload(16, 16, 8).plan().withOptions(Options.DEFAULT.withZero(1));
        long uses = 2L * 64 * 32 + 3 * 32 + 4 * 32 * 32 + 3 * 32 * 96;
        assertEquals(
                List.of(
                        new Traffic(0, "reduce_scatter", Axis.DATA, 1, 2 * uses),
                        new Traffic(0, "all_gather", Axis.DATA, 1, 2 * (uses - 64 * 32))),
                of(plan, 0));
    }
}
