package io.shardlab.magics.table;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.trace.Span;
import io.shardlab.trace.Timeline;
import java.util.List;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

final class RankTimesTest {

    @Test
    void whatIsLeftOfAStepIsIdle() {
        Table table = of(span(0, Span.Kind.FORWARD, 0, 2_000_000), span(1, Span.Kind.BACKWARD, 0, 3_500_000));
        assertEquals(List.of(1.5, 0.0), table.doubleColumn("idle_ms").asList());
    }

    /** In doubles 0.4 − 0.1 − 0.1 − 0.2 is 2.8e-17; a table said so. */
    @Test
    void noDustOfRoundingIsIdle() {
        Table table = of(
                span(0, Span.Kind.FORWARD, 0, 100_000),
                span(0, Span.Kind.BACKWARD, 100_000, 200_000),
                span(0, Span.Kind.OPTIMIZER, 200_000, 400_000));
        assertEquals(List.of(0.0), table.doubleColumn("idle_ms").asList());
        assertEquals(List.of(0.0), table.doubleColumn("idle_pct").asList());
    }

    private static Table of(Span... spans) {
        int ranks = spans[spans.length - 1].rank() + 1;
        return RankTimes.of(new Timeline(false, ranks, List.of(spans))).table();
    }

    private static Span span(int rank, Span.Kind kind, long start, long end) {
        return new Span(rank, 0, kind, "", start, end, 0);
    }
}
