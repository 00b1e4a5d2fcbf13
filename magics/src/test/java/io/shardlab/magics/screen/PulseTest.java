package io.shardlab.magics.screen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PulseTest {

    private final ScheduledThreadPoolExecutor writer = new ScheduledThreadPoolExecutor(1);
    private final Pulse pulse = new Pulse(writer);
    private final RecordingPort port = new RecordingPort(true);

    @AfterEach
    void end() {
        writer.shutdownNow();
    }

    private static final class Counted implements Screen.Live {

        private final AtomicInteger ticks = new AtomicInteger();
        private final CountDownLatch twice = new CountDownLatch(2);
        private final boolean failing;

        Counted(boolean failing) {
            this.failing = failing;
        }

        @Override
        public long firstTickMillis() {
            return 1;
        }

        @Override
        public void tick(Port port) {
            ticks.incrementAndGet();
            twice.countDown();
            if (failing) {
                throw new IllegalStateException("cannot be shown");
            }
        }

        @Override
        public void end(Port port) {}
    }

    @Test
    void whatLivesTicksUntilItsEndAndTheTimerRestsThen() throws Exception {
        Counted live = new Counted(false);
        Runnable noMore = pulse.add(live, port);
        assertTrue(live.twice.await(20, TimeUnit.SECONDS));
        noMore.run();
        writer.submit(() -> {}).get(); // A tick that was going on has ended.
        int ticks = live.ticks.get();
        while (!writer.getQueue().isEmpty() || writer.getActiveCount() > 0) {
            Thread.onSpinWait();
        }
        assertEquals(ticks, live.ticks.get());
        Counted later = new Counted(false);
        pulse.add(later, port);
        assertTrue(later.twice.await(20, TimeUnit.SECONDS), "a resting timer begins again");
    }

    @Test
    void manyShortLivesShareOneTimer() {
        for (int i = 0; i < 1000; i++) {
            pulse.add(new Counted(false), port).run();
        }
        assertTrue(writer.getQueue().size() <= 1, () -> writer.getQueue().toString());
    }

    @Test
    void whatCannotBeShownDoesNotStopTheOthers() throws Exception {
        pulse.add(new Counted(true), port);
        Counted live = new Counted(false);
        pulse.add(live, port);
        pulse.add(new Counted(true), port);
        assertTrue(live.twice.await(20, TimeUnit.SECONDS));
    }
}
