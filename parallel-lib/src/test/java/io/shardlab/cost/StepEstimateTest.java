package io.shardlab.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.plan.HandmadePlan;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.schedule.Lowering;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.trace.TimeTerm;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StepEstimateTest {

    private static final Hardware SLOW = new Hardware(1e8, 1e8, 20_000);

    private static HandmadePlan of(String scheme, int layersPerStage) {
        Scheme parsed = Scheme.parse(scheme);
        return HandmadePlan.of(
                parsed,
                Lowering.lower(ScheduleRule.named("1f1b").schedule(parsed.pipeline(), 4), parsed.data()),
                layersPerStage);
    }

    @ParameterizedTest
    @ValueSource(strings = {"single", "tp=2", "pp=2", "pp=4", "tp=2,pp=2", "dp=2", "dp=2,tp=2,pp=2"})
    void theTermsAddUpToTheStep(String scheme) {
        StepEstimate estimate = StepEstimate.of(of(scheme, 2).plan(), SLOW);
        double sum = estimate.termMillis().values().stream().mapToDouble(d -> d).sum();
        assertEquals(estimate.stepMillis(), sum, 1e-6 * estimate.stepMillis());
        assertTrue(estimate.termMillis().values().stream().allMatch(d -> d >= 0));
        assertEquals(8 * 16 / estimate.stepMillis() * 1e3, estimate.tokensPerSecond(), 1e-6);
    }

    @Test
    void aSingleDeviceOnlyComputes() {
        StepEstimate estimate = StepEstimate.of(of("single", 2).plan(), SLOW);
        assertEquals(Set.of(TimeTerm.COMPUTE), estimate.termMillis().keySet());
        assertEquals(0, estimate.bubbleShare());
    }

    @Test
    void collectivesAreDrawnInsideTheirPasses() {
        StepEstimate estimate = StepEstimate.of(of("tp=2", 2).plan(), SLOW);
        double tensor = estimate.termMillis().getOrDefault(TimeTerm.TENSOR_COMMUNICATION, 0.0);
        assertTrue(tensor > 0);
        assertEquals(tensor / estimate.stepMillis(), estimate.timeline().communicationShare(), 1e-9);
        assertEquals(0, estimate.timeline().bubbleShare(), 1e-12);
    }

    @Test
    void unevenStagesShowAsImbalance() {
        Plan even = of("pp=2", 3).plan();
        Plan uneven = of("pp=2", 3).withLayers(List.of(5, 1)).plan();
        Hardware free = new Hardware(1e8, 1e15, 0);
        double evenShare = share(StepEstimate.of(even, free));
        double unevenShare = share(StepEstimate.of(uneven, free));
        assertTrue(unevenShare > 5 * evenShare, evenShare + " against " + unevenShare);
    }

    private static double share(StepEstimate estimate) {
        return estimate.termMillis().getOrDefault(TimeTerm.IMBALANCE, 0.0) / estimate.stepMillis();
    }

    @Test
    void slowLinksMakeTensorParallelismSlowerThanASingleDevice() {
        Hardware slowLink = new Hardware(1e9, 1e6, 1_000_000);
        Hardware fastLink = new Hardware(1e9, 1e12, 10);
        double single = StepEstimate.of(of("single", 2).plan(), slowLink).stepMillis();
        assertTrue(StepEstimate.of(of("tp=2", 2).plan(), slowLink).stepMillis() > single);
        assertTrue(StepEstimate.of(of("tp=2", 2).plan(), fastLink).stepMillis() < 0.7 * single);
    }
}
