package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.command.ComparedScheme;
import io.shardlab.magics.trial.LossCheck;
import io.shardlab.magics.trial.SchemeResult;
import io.shardlab.magics.trial.Trial;
import io.shardlab.magics.view.StepPartsChart.Cause;
import io.shardlab.plan.Plan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/** The figures of a comparison follow from its runs; every number here can be checked by hand. */
class ComparisonTest {

    private static final List<Double> LOSSES = List.of(5.5, 5.25, 5.0);

    private static Trial trial(double millis, List<Double> losses) {
        return new Trial(
                millis,
                losses,
                OptionalDouble.of(10),
                OptionalDouble.of(5),
                30L << 20,
                Map.of(Cause.COMPUTE, 0.75 * millis, Cause.COMMUNICATION, 0.25 * millis));
    }

    private static SchemeResult result(String scheme, List<Double> losses, double... millis) {
        ComparedScheme compared = ComparedScheme.parse(scheme);
        Plan plan = FakePlans.tiny(
                compared.scheme(),
                new Plan.Workload(8, 125, compared.microbatches().orElse(1)),
                "1f1b");
        List<Trial> trials = new ArrayList<>();
        for (double each : millis) {
            trials.add(trial(each, losses));
        }
        return new SchemeResult(compared, plan, trials, List.of());
    }

    private static Comparison comparison(SchemeResult... results) {
        return new Comparison("tiny", "by hand", List.of(results), Map.of(2, List.of(50.0, 48.0, 55.0)), List.of());
    }

    private final SchemeResult single = result("single", LOSSES, 40, 42, 41);
    private final SchemeResult naive = result("naive=2", LOSSES, 44, 44, 44);
    private final SchemeResult tensor = result("tp=2", LOSSES, 25, 27, 26);

    @Test
    void medianSpreadSpeedUpsAndEfficiencyAreWhatTheWordsSay() {
        Comparison comparison = comparison(single, naive, tensor);
        assertEquals(26, tensor.stepMillis());
        assertEquals(25, tensor.low());
        assertEquals(27, tensor.high());
        assertEquals(1000 * 1000 / 26.0, tensor.tokensPerSecond(), 1e-6);
        assertEquals(41 / 26.0, comparison.standing().speedup(tensor).getAsDouble(), 1e-12);
        assertEquals(44 / 26.0, comparison.speedupOverNaive(tensor).getAsDouble(), 1e-12);
        assertEquals(2 * 41 / 50.0, comparison.ceiling(2).getAsDouble(), 1e-12);
        assertEquals(41 / 26.0 / (82 / 50.0), comparison.efficiency(tensor).getAsDouble(), 1e-12);
        assertEquals(1, comparison.efficiency(single).getAsDouble(), 1e-12);
    }

    /** They rested on the last run of the single device alone, and came out wrong where that one was disturbed. */
    @Test
    void predictionsAreTheMedianOverTheTimedRunsOfTheSingleDevice() {
        SchemeResult predicted = tensor;
        for (double millis : new double[] {90, 24, 25, 60}) { // the first rests on an untimed run
            predicted = predicted.with(estimate(predicted.plan(), millis));
        }
        assertEquals(25, predicted.predictedStepMillis().getAsDouble());
        assertEquals(
                90,
                tensor.with(estimate(tensor.plan(), 90)).predictedStepMillis().getAsDouble());
        assertTrue(tensor.predictedStepMillis().isEmpty());
    }

    private static Plans.Estimate estimate(Plan plan, double stepMillis) {
        return new Plans.Estimate(
                plan,
                List.of(),
                OptionalDouble.empty(),
                OptionalDouble.of(stepMillis),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                List.of(),
                Optional.empty());
    }

    @Test
    void oneSentenceExplainsTheWinnerWithNumbers() {
        assertEquals(
                "tp=2 is fastest with 38,462 tokens/s, 1.58 × single, 1.69 × naive=2 and 96 % of what 2 independent single"
                        + " runs at once reach: a step takes 26.0 ms (computing 75 %, communication 25 %), that of single 41.0 ms"
                        + " (computing 75 %).",
                comparison(single, naive, tensor).sentence());
    }

    @Test
    void whereNoSplitPaysTheSentenceSaysWhatTheBestOneLost() {
        String sentence =
                comparison(result("single", LOSSES, 20, 20), naive, tensor).sentence();
        assertTrue(
                sentence.startsWith(
                        "single is fastest with 50,000 tokens/s, 2.20 × naive=2; the best split, tp=2, reaches 0.77 ×"),
                sentence);
        assertTrue(
                sentence.endsWith(
                        "the computing of a rank goes from 15.0 to 19.5 ms, and a step takes 26.0 ms (computing 75 %,"
                                + " communication 25 %)."),
                sentence);
    }

    @Test
    void aLeadWithinTheSpreadIsCalledThat() {
        String sentence =
                comparison(single, result("tp=2", LOSSES, 39, 41.5, 40)).sentence();
        assertTrue(
                sentence.startsWith(
                        "tp=2 is fastest with 25,000 tokens/s (within the spread of single), 1.03 × single"),
                sentence);
    }

    @Test
    void lossesThatDifferBeyondRoundingAreSaidLoudlyAndFirst() {
        SchemeResult wrong = result("dp=2", List.of(5.5, 5.3, 5.1), 25, 25);
        Comparison comparison = comparison(single, tensor, wrong);
        assertEquals(
                "DIFFERENT from step 1: 5.300000 against 5.250000",
                comparison.losses(wrong).verdict());
        assertTrue(comparison.content().text().startsWith("THE SCHEMES DO NOT COMPUTE THE SAME: the losses of dp=2"));
        assertTrue(comparison.content().html().startsWith("<p><b>THE SCHEMES DO NOT COMPUTE THE SAME"));
        assertTrue(comparison(single, tensor).alarm().isEmpty());
    }

    @Test
    void firstLossesMustAgreeMoreCloselyThanLaterOnes() {
        assertFalse(LossCheck.of(single, result("tp=2", List.of(5.500001, 5.2501, 5.0), 25))
                .differs());
        assertTrue(LossCheck.of(single, result("tp=2", List.of(5.5001, 5.25, 5.0), 25))
                .differs());
        assertTrue(LossCheck.of(single, result("tp=2", List.of(Double.NaN, 5.25, 5.0), 25))
                .differs());
        assertEquals(
                "same bits", LossCheck.of(single, result("pp=2", LOSSES, 25)).verdict());
    }

    @Test
    void runsOfOneSchemeThatDisagreeAreAMistakeToo() {
        SchemeResult unsteady = result("single", LOSSES, 40).with(trial(40, List.of(5.5, 5.25, 5.0000001)));
        assertTrue(LossCheck.of(unsteady, unsteady).differs());
    }

    @Test
    void whereRunsAtOnceAreSlowerThanOneTheUserIsToldThatTheMachineIsBusy() {
        Comparison busy =
                new Comparison("tiny", "by hand", List.of(single, tensor), Map.of(2, List.of(120.0)), List.of());
        assertTrue(busy.content().text().contains("reach 0.68 × the tokens/s of one. That is less than one alone"));
        assertFalse(comparison(single, tensor).content().text().contains("less than one alone"));
    }

    @Test
    void withoutASingleRunThereIsNoSpeedUpAndNoEfficiency() {
        Comparison comparison = comparison(naive, tensor);
        assertTrue(comparison.standing().speedup(tensor).isEmpty());
        assertTrue(comparison.efficiency(tensor).isEmpty());
        assertTrue(comparison.speedupOverNaive(tensor).isPresent());
        assertTrue(comparison.table().column("speedup").isMissing(0));
    }
}
