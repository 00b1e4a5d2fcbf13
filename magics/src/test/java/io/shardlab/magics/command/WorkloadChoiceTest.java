package io.shardlab.magics.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WorkloadChoiceTest {

    @ParameterizedTest(name = "{0}, --microbatches {1}: batch {2}, {3} micro-batches")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            single         |   | 8  | 1
            pp=2           |   | 8  | 4
            single         | 3 | 3  | 3
            dp=2           |   | 8  | 1
            dp=2,pp=2      |   | 8  | 4
            dp=3           |   | 9  | 1
            dp=3,pp=2      |   | 9  | 3
            dp=2,tp=2,pp=2 | 2 | 8  | 2
            dp=3           | 2 | 6  | 2
            dp=16          |   | 16 | 1
            """)
    void whatIsLeftOpenDividesEvenly(String scheme, Integer microbatches, int batch, int expected) {
        OptionalInt asked = microbatches == null ? OptionalInt.empty() : OptionalInt.of(microbatches);
        WorkloadChoice choice = new WorkloadChoice(OptionalInt.empty(), OptionalInt.empty(), asked, Optional.empty());
        assertEquals(new Plan.Workload(batch, 64, expected), choice.forModel(64, Scheme.parse(scheme)));
    }

    @ParameterizedTest(name = "{0}, --microbatches {1}: {2} samples, {3} micro-batches")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            single    |   | 64 | 1
            pp=2      |   | 64 | 4
            single    | 6 | 66 | 6
            dp=2      |   | 64 | 1
            dp=3      |   | 66 | 1
            dp=3,pp=2 |   | 66 | 2
            dp=2,pp=2 | 3 | 66 | 3
            """)
    void samplesDivideEvenlyToo(String scheme, Integer microbatches, int batch, int expected) {
        OptionalInt asked = microbatches == null ? OptionalInt.empty() : OptionalInt.of(microbatches);
        WorkloadChoice choice = new WorkloadChoice(OptionalInt.empty(), OptionalInt.empty(), asked, Optional.empty());
        assertEquals(new Plan.Workload(batch, 1, expected), choice.forSamples(Scheme.parse(scheme)));
    }
}
