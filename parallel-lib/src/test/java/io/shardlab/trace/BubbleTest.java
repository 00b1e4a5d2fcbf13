package io.shardlab.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cost.Simulator;
import io.shardlab.cost.StageCosts;
import io.shardlab.cost.StageCosts.PassNanos;
import io.shardlab.mesh.Mesh;
import io.shardlab.plan.Schedule;
import io.shardlab.schedule.Lowering;
import io.shardlab.schedule.ScheduleRule;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BubbleTest {

    private static final Schedule SCHEDULE =
            Lowering.lower(ScheduleRule.named("1f1b").schedule(3, 6), 1);
    private static final Mesh MESH = new Mesh(1, 3, 1);

    private static List<Bubble> of(StageCosts costs) {
        return Bubble.of(Simulator.simulate(SCHEDULE, costs), SCHEDULE, MESH);
    }

    @Test
    void equalStagesOnlyFillAndDrain() {
        for (Bubble bubble : of(StageCosts.equal(3, 100, 200))) {
            assertEquals(new Bubble(bubble.rank(), 2 * 300, 0, 0, 0), bubble);
        }
    }

    @Test
    void aSlowStageShowsAsImbalanceOfTheOthers() {
        List<Bubble> bubbles =
                of(StageCosts.of(List.of(PassNanos.of(100, 200), PassNanos.of(160, 320), PassNanos.of(100, 200)), 0));
        assertEquals(0, bubbles.get(1).imbalanceNanos());
        for (int rank : List.of(0, 2)) {
            assertTrue(bubbles.get(rank).imbalanceNanos() > 5 * 100, bubbles.toString());
            assertEquals(0, bubbles.get(rank).latencyNanos());
            assertEquals(0, bubbles.get(rank).stragglerNanos());
        }
    }

    @Test
    void slowMessagesShowAsLatency() {
        for (Bubble bubble : of(StageCosts.of(StageCosts.equal(3, 100, 200).passes(), 30))) {
            assertEquals(600, bubble.fillDrainNanos());
            assertEquals(0, bubble.imbalanceNanos());
            assertTrue(bubble.latencyNanos() >= 2 * 2 * 30);
            assertEquals(0, bubble.stragglerNanos());
        }
    }

    @Test
    void aPauseShowsAsStraggler() {
        Timeline even = Simulator.simulate(SCHEDULE, StageCosts.equal(3, 100, 200));
        List<Span> spans = new ArrayList<>();
        for (Span span : even.spans()) {
            long late = span.startNanos() >= 900 ? 500 : 0;
            spans.add(new Span(
                    span.rank(), 0, span.kind(), span.label(), span.startNanos() + late, span.endNanos() + late, 0));
        }
        for (Bubble bubble : Bubble.of(Timeline.of(false, 3, spans), SCHEDULE, MESH)) {
            assertTrue(bubble.stragglerNanos() >= 400, bubble.toString());
            assertEquals(600, bubble.fillDrainNanos());
        }
    }

    @Test
    void causesAddUpToIdleTimeOnEveryRank() {
        StageCosts costs =
                StageCosts.of(List.of(PassNanos.of(90, 210), PassNanos.of(130, 250), PassNanos.of(70, 180)), 25);
        Timeline timeline = Simulator.simulate(SCHEDULE, costs);
        for (Bubble bubble : Bubble.of(timeline, SCHEDULE, MESH)) {
            assertEquals(timeline.passWindowNanos() - timeline.passNanos(bubble.rank()), bubble.totalNanos());
        }
    }
}
