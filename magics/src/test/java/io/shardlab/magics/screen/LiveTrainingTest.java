package io.shardlab.magics.screen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.trace.StepMetrics;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LiveTrainingTest {

    private final AtomicLong clock = new AtomicLong();
    private final RecordingPort port = new RecordingPort(true);
    private final LiveTraining live = new LiveTraining(1000, clock::get);

    private void step(int step) {
        live.step(new StepMetrics(step, 5.5 / (1 + step), 1, 1e-3, 40, 25_600));
    }

    @Test
    void aThousandStepsInTwoSecondsMakeAtMostFourUpdatesASecond() {
        for (int i = 0; i < 1000; i++) {
            clock.addAndGet(2_000_000);
            step(i);
            live.tick(port);
        }
        assertEquals(1, port.displays.size());
        assertTrue(port.updates.size() <= 8 && port.updates.size() >= 6, "updates: " + port.updates.size());
        Port.Content last = port.updates.get(port.updates.size() - 1);
        assertTrue(last.html().length() < 30_000);
        assertTrue(last.text().contains("/1000 steps") && last.text().contains("tokens/s"), last.text());
    }

    @Test
    void nothingNewIsNotShownAgain() {
        step(0);
        for (int i = 0; i < 100; i++) {
            clock.addAndGet(1_000_000_000);
            live.tick(port);
        }
        assertEquals(1, port.displays.size());
        assertEquals(0, port.updates.size());
    }

    @Test
    void whereNobodyWatchesOnlyTheEndIsShown() {
        RecordingPort unwatched = new RecordingPort(false);
        step(0);
        live.tick(unwatched);
        assertTrue(unwatched.quiet());
        live.conclude(Port.Content.of("", "end"));
        live.end(unwatched);
        assertEquals(1, unwatched.displays.size());
    }
}
