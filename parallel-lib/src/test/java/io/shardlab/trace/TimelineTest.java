package io.shardlab.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.trace.Span.Kind;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TimelineTest {

    /**
     * <pre>
     * time    0    10   20   30   40   50
     * rank 0  [0F0      ]         [0B0 ]
     *          [ar ]
     * rank 1            [1F0][1B0 ]
     * </pre>
     */
    private static final Timeline TWO_RANKS = Timeline.of(
            false,
            2,
            List.of(
                    new Span(1, 3, Kind.BACKWARD, "1B0", 30, 40, 0),
                    new Span(0, 3, Kind.COLLECTIVE, "all_reduce x", 0, 10, 64),
                    new Span(0, 3, Kind.FORWARD, "0F0", 0, 20, 0),
                    new Span(1, 3, Kind.FORWARD, "1F0", 20, 30, 0),
                    new Span(0, 3, Kind.BACKWARD, "0B0", 40, 50, 0)));

    @Test
    void spansAreSortedByRankAndStartWithTheContainingOneFirst() {
        assertEquals(
                List.of("0F0", "all_reduce x", "0B0", "1F0", "1B0"),
                TWO_RANKS.spans().stream().map(Span::label).toList());
    }

    @Test
    void busyTimeCountsCollectivesInsidePassesOnce() {
        assertEquals(50, TWO_RANKS.makespanNanos());
        assertEquals(30, TWO_RANKS.busyNanos(0));
        assertEquals(20, TWO_RANKS.busyNanos(1));
        assertEquals(0.5, TWO_RANKS.bubbleShare(), 1e-12);
        assertEquals(0.1, TWO_RANKS.communicationShare(), 1e-12);
    }

    @Test
    void onlyCollectivesWithinAPassCountAsThoseOfPasses() {
        List<Span> spans = new ArrayList<>(TWO_RANKS.spans());
        spans.add(new Span(0, 3, Kind.COLLECTIVE, "all_reduce gradient norm", 50, 90, 8));
        Timeline step = Timeline.of(false, 2, spans);
        assertEquals(TWO_RANKS.collectiveNanos(0, Kind.FORWARD), step.collectiveNanos(0, Kind.FORWARD));
        assertTrue(step.collectiveNanos(0, Kind.FORWARD) > 0);
        assertEquals(0, step.collectiveNanos(0, Kind.BACKWARD));
        assertEquals(0, step.collectiveNanos(1, Kind.FORWARD));
    }

    @Test
    void theBubbleIsThatOfThePassesOnly() {
        List<Span> spans = new ArrayList<>(TWO_RANKS.spans());
        spans.add(new Span(0, 3, Kind.OPTIMIZER, "optimizer", 50, 100, 0));
        assertEquals(0.5, Timeline.of(false, 2, spans).bubbleShare(), 1e-12);
        assertEquals(100, Timeline.of(false, 2, spans).makespanNanos());
    }

    @Test
    void stepsAreToldApart() {
        List<Span> spans = new ArrayList<>(TWO_RANKS.spans());
        spans.add(new Span(0, 4, Kind.FORWARD, "0F0", 1000, 1010, 0));
        Timeline both = Timeline.of(false, 2, spans);
        assertEquals(List.of(3, 4), both.steps());
        assertEquals(TWO_RANKS, both.step(3));
        assertEquals(50 + 10, both.passWindowNanos());
    }

    @Test
    void anEmptyTimelineHasNoShares() {
        Timeline empty = Timeline.of(true, 2, List.of());
        assertEquals(0, empty.bubbleShare());
        assertEquals(0, empty.communicationShare());
        assertEquals(0, empty.makespanNanos());
    }
}
