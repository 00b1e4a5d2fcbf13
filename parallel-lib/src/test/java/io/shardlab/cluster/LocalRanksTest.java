package io.shardlab.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.shardlab.run.Event;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalRanksTest {

    @TempDir
    Path home;

    private final LinkedBlockingQueue<Integer> holding = new LinkedBlockingQueue<>();

    private LocalRanks start(int count) throws Exception {
        return LocalRanks.start(ClusterSpec.cpu(count, 2), home, new ScriptedRank.Source(), event -> {
            if (event instanceof WorkerEvent.Said said && said.event() instanceof Event.Progress) {
                holding.add(said.rank());
            }
        });
    }

    @Test
    void threadsAnswerLikeWorkers() throws Exception {
        LocalRanks ranks = start(3);
        try (ranks) {
            List<Reply> replies = ranks.submit(new Request.Warm()).get(10, TimeUnit.SECONDS);
            assertEquals(3, replies.size());
            assertEquals(
                    2,
                    assertInstanceOf(Reply.Done.class, replies.get(2)).memory().rank());
            assertEquals(WorkerStatus.State.READY, ranks.status().get(2).state());
        }
        assertEquals(List.of(), ClusterLifeTest.contents(home.resolve("jobs")));
        Trial.failure(ranks.submit(new Request.Warm()));
    }

    @Test
    void cancelStopsThreadsAndTheyGoOn() throws Exception {
        try (LocalRanks ranks = start(2)) {
            CompletableFuture<List<Reply>> call = ranks.submit(ScriptedRank.script("*:hold forward 1"));
            holding.poll(10, TimeUnit.SECONDS);
            holding.poll(10, TimeUnit.SECONDS);
            assertEquals("forward 0F3 step 1", ranks.status().get(0).lastAction());
            ranks.cancel();
            assertInstanceOf(
                    Reply.Cancelled.class, call.get(10, TimeUnit.SECONDS).get(0));
            assertInstanceOf(
                    Reply.Done.class,
                    ranks.submit(new Request.Warm()).get(10, TimeUnit.SECONDS).get(0));
        }
    }

    @Test
    void anExceptionOfOneRankReleasesTheOthers() throws Exception {
        try (LocalRanks ranks = start(2)) {
            List<Reply> replies = ranks.submit(ScriptedRank.script("0:hold forward 1;1:throw boom"))
                    .get(10, TimeUnit.SECONDS);
            assertEquals(
                    "boom", assertInstanceOf(Reply.Failed.class, replies.get(1)).message());
        }
    }

    @Test
    void closingReleasesWhatWaits() throws Exception {
        CompletableFuture<List<Reply>> call;
        try (LocalRanks ranks = start(2)) {
            call = ranks.submit(ScriptedRank.script("*:hold forward 1"));
        }
        Trial.failure(call);
    }
}
