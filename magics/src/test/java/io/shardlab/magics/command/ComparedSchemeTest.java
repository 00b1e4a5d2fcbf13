package io.shardlab.magics.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.plan.Scheme;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ComparedSchemeTest {

    @Test
    void theDefaultListIsReadAsTheHelpSays() {
        List<ComparedScheme> schemes = ComparedScheme.parseAll(CompareOptions.SCHEMES);
        assertEquals(
                List.of("single", "naive=2", "tp=2", "pp=2,m=8", "dp=2"),
                schemes.stream().map(ComparedScheme::label).toList());
        assertEquals(Scheme.pp(2), schemes.get(1).scheme());
        assertEquals(OptionalInt.of(1), schemes.get(1).microbatches());
        assertTrue(schemes.get(1).naive());
        assertEquals(OptionalInt.of(8), schemes.get(3).microbatches());
    }

    @Test
    void blanksDoNotMatterAndDetailsAreKept() {
        ComparedScheme scheme = ComparedScheme.parse(" pp=2 , m = 8, chunks=2 ");
        assertEquals("pp=2,m=8,chunks=2", scheme.label());
        assertEquals(2, scheme.options().chunks());
        assertEquals(Optional.of("interleaved"), scheme.schedule());
        assertEquals(
                2, ComparedScheme.parse("pp=2,schedule=interleaved").options().chunks());
        assertTrue(ComparedScheme.parse("tp=2,sp").options().sequenceParallel());
        assertEquals(1, ComparedScheme.parse("dp=2,zero=1").options().zero());
    }

    @Test
    void everySchemeGetsTheSameBatchWhichAllOfThemCanDivide() {
        CompareOptions options = CompareOptions.of("tiny", "single; dp=3; pp=2,m=4");
        assertEquals(
                List.of(12, 12, 12),
                options.placements().stream()
                        .map(one -> one.workload().batch().orElseThrow())
                        .toList());
        assertEquals(3, options.numWorkers());
    }

    @Test
    void independentRunsHaveTheBatchOfASingleOneEach() {
        PlanOptions apart = CompareOptions.of("tiny", "single; tp=2").apart(2);
        assertEquals(Optional.of(Scheme.dp(2)), apart.scheme());
        assertEquals(OptionalInt.of(16), apart.workload().batch());
        assertEquals(OptionalInt.of(1), apart.workload().microbatches());
    }
}
