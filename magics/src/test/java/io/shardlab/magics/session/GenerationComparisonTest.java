package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.command.ComparedScheme;
import io.shardlab.magics.trial.GenerationResult;
import io.shardlab.magics.trial.GenerationTrial;
import io.shardlab.magics.view.StepPartsChart.Cause;
import io.shardlab.plan.Plan;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

/** The figures of compared generation follow from its runs; every number here can be checked by hand. */
class GenerationComparisonTest {

    private static final List<Integer> TOKENS = List.of(7, 8, 9);

    /** Runs whose tokens take so long, the first one twice as long. */
    private static GenerationResult result(String scheme, List<Integer> tokens, double... millis) {
        ComparedScheme compared = ComparedScheme.parse(scheme);
        Plan plan = FakePlans.tiny(compared.scheme(), new Plan.Workload(8, 125, 1), "1f1b");
        GenerationResult result = new GenerationResult(compared, plan, List.of());
        for (double each : millis) {
            result = result.with(new GenerationTrial(
                    tokens,
                    List.of(2 * each, each, each),
                    30L << 20,
                    Map.of(Cause.COMPUTE, 0.75 * each, Cause.COMMUNICATION, 0.25 * each)));
        }
        return result;
    }

    private final GenerationResult single = result("single", TOKENS, 8, 9, 12);
    private final GenerationResult tensor = result("tp=2", TOKENS, 6, 5, 7);

    private static GenerationComparison comparison(GenerationResult... results) {
        return new GenerationComparison("tiny", "by hand", List.of(results), List.of());
    }

    @Test
    void mediansAreOverRunsAndRatesOverAllTokensOfARun() {
        assertEquals(3 * 1000 / (4 * 6.0), tensor.tokensPerSecond(), 1e-9);
        assertEquals(3 * 1000 / (4 * 7.0), tensor.low(), 1e-9);
        assertEquals(3 * 1000 / (4 * 5.0), tensor.high(), 1e-9);
        assertEquals(12, tensor.firstMillis());
        assertEquals(6, tensor.tokenMillis());
        assertEquals(25, tensor.percent(Cause.COMMUNICATION), 1e-9);
        assertEquals(1.5, comparison(single, tensor).standing().speedup(tensor).getAsDouble(), 1e-9);
    }

    @Test
    void oneSentenceExplainsTheWinnerWithNumbers() {
        assertEquals(
                "tp=2 is fastest with 125.0 tokens/s, 1.50 × single: a token takes 6.00 ms (computing 75 %, communication"
                        + " 25 %), that of single 9.00 ms (computing 75 %).",
                comparison(single, tensor).sentence());
    }

    @Test
    void whereNoSplitPaysTheSentenceSaysWhatTheBestOneLost() {
        assertEquals(
                "single is fastest with 83.3 tokens/s (within the spread of pp=2); the best split, pp=2, reaches 0.90 × of it: the"
                        + " computing of a rank goes from 6.75 to 7.50 ms, and a token takes 10.00 ms (computing 75 %, waiting"
                        + " for another stage 0 %).",
                comparison(single, result("pp=2", TOKENS, 8.5, 10, 11)).sentence());
    }

    @Test
    void otherTokensAreSaidLoudlyAndFirst() {
        GenerationResult wrong = result("pp=2", List.of(7, 1, 9), 5);
        GenerationComparison comparison = comparison(single, tensor, wrong);
        String text = comparison.content().text();
        assertTrue(text.startsWith("THE SCHEMES DO NOT SAY THE SAME: pp=2 (DIFFERENT from token 2: 1 for 8)"), text);
        Table table = comparison.table();
        assertEquals(
                List.of("reference", "the same", "DIFFERENT from token 2: 1 for 8"),
                table.stringColumn("tokens").asList());
        assertTrue(comparison(single, tensor).alarm().isEmpty());
    }

    @Test
    void aRunThatSaysOtherTokensThanTheFirstOfItsSchemeIsFoundToo() {
        GenerationResult unsteady =
                single.with(new GenerationTrial(List.of(7, 8, 1), List.of(1.0, 1.0, 1.0), 1, Map.of()));
        assertEquals("DIFFERENT from token 3: 1 for 9", unsteady.verdict(unsteady));
    }

    @Test
    void theTextTwinOfTheChartsNamesTokens() {
        assertTrue(
                comparison(single, tensor).charts().get(1).text().startsWith("Where a token's time goes, tiny (ms)"));
    }
}
