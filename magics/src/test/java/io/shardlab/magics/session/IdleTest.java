package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.command.TrainOptions;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.plan.Scheme;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Workers that nobody uses are stopped, and somebody hears of it. */
class IdleTest {

    @TempDir
    Path home;

    private final FakeBackend backend = new FakeBackend();
    private final AtomicLong clock = new AtomicLong();

    private Lab lab(String idle) {
        return new Lab(backend, Map.of("SHARDLAB_HOME", home.toString(), "SHARDLAB_IDLE", idle), clock::get);
    }

    private void pass(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    @Test
    void unusedWorkersAreStoppedAndTheNextVerbSaysSo() {
        try (Lab lab = lab("")) {
            lab.up(UpOptions.workers(2).withIdle("30m"));
            pass(Duration.ofMinutes(29));
            assertFalse(lab.subjects().workers().idle().look());
            lab.mem();
            pass(Duration.ofMinutes(29));
            assertFalse(lab.subjects().workers().idle().look(), "a verb is a use");
            pass(Duration.ofMinutes(1));
            assertTrue(lab.subjects().workers().idle().look());
            assertEquals(0, backend.workers);
            assertEquals(
                    "the workers were stopped after 30 min without use, with their weights and variables; `%shard up`"
                            + " starts new ones",
                    lab.subjects().workers().idle().takeNews().orElse(""));
            assertTrue(lab.subjects().workers().idle().takeNews().isEmpty(), "said once");
            assertFalse(lab.subjects().workers().idle().look());
        }
    }

    @Test
    void aRunThatGoesOnIsAUse() throws InterruptedException {
        backend.trainUntilCancelled = true;
        try (Lab lab = lab("1h")) {
            lab.up(2).place("tiny", Scheme.tp(2));
            StartedRun run = lab.start(TrainOptions.steps(50).withName("long"));
            backend.training.await();
            pass(Duration.ofHours(5));
            lab.interrupt("long");
            run.await();
            assertFalse(lab.subjects().workers().idle().look(), "the time begins with the end of the run");
            pass(Duration.ofHours(1));
            assertTrue(lab.subjects().workers().idle().look());
        }
    }

    @Test
    void theVariableSetsWhatTheFlagDoesNot() {
        try (Lab lab = lab("90s")) {
            lab.up(2);
            assertTrue(
                    lab.subjects().workers().running().banner().endsWith("stopped after 1 min 30 s without use"),
                    lab.subjects().workers().running().banner());
            lab.up(UpOptions.workers(2).withIdle("2h"));
            assertTrue(
                    lab.subjects().workers().running().banner().endsWith("stopped after 2 h without use"),
                    lab.subjects().workers().running().banner());
            pass(Duration.ofMinutes(10));
            assertFalse(lab.subjects().workers().idle().look());
        }
        try (Lab lab = lab("off")) {
            lab.up(2);
            pass(Duration.ofDays(100));
            assertFalse(lab.subjects().workers().idle().look());
        }
    }

    @Test
    void aVariableThatIsNoTimeIsRefusedBeforeAnythingStarts() {
        backend.started.clear();
        try (Lab lab = lab("soon")) {
            ShardException refused = assertThrows(ShardException.class, () -> lab.up(2));
            assertEquals(
                    "the environment variable SHARDLAB_IDLE, 'soon', must be a time such as 30s, 5m or 1h30m, or off",
                    refused.getMessage());
            assertTrue(backend.started.isEmpty());
        }
    }
}
