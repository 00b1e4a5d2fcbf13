package io.shardlab.magics.screen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.screen.Port.Content;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LiveDisplayTest {

    private static final Content NOW = Content.of("", "now");

    private final AtomicLong clock = new AtomicLong();
    private final RecordingPort port = new RecordingPort(true);

    private LiveDisplay display(Optional<Content> remains) {
        return new LiveDisplay(clock::get) {
            @Override
            protected Content now() {
                return NOW;
            }

            @Override
            protected Optional<Content> remains() {
                return remains;
            }
        };
    }

    private void tick(LiveDisplay live) {
        live.changed();
        clock.addAndGet(1_000_000_000);
        live.tick(port);
    }

    @Test
    void theConclusionTakesTheDisplaysPlace() {
        LiveDisplay live = display(Optional.of(NOW));
        tick(live);
        live.conclude(Content.of("", "end"));
        live.end(port);
        assertEquals(1, port.displays.size());
        assertEquals(List.of("end"), port.updates.stream().map(Content::text).toList());
    }

    @Test
    void whatLooksTheSameIsNotShownAgain() {
        LiveDisplay live = display(Optional.of(NOW));
        tick(live);
        tick(live);
        live.end(port);
        assertEquals(1, port.displays.size());
        assertTrue(port.updates.isEmpty());
    }

    @Test
    void withoutAConclusionWhatRemainsIsShownAtTheEnd() {
        LiveDisplay live = display(Optional.of(Content.of("", "until then")));
        live.end(port);
        assertEquals(
                List.of("until then"), port.displays.stream().map(Content::text).toList());
    }

    @Test
    void withoutAConclusionAndRemainsNothingIsShownAtTheEnd() {
        display(Optional.empty()).end(port);
        assertTrue(port.quiet());
    }
}
