package io.shardlab.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cluster.WorkerFailure.Cause;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterDeathTest {

    private static final Duration PROMISE = Duration.ofSeconds(1);

    @TempDir
    Path home;

    @ParameterizedTest
    @ValueSource(strings = {"forward", "backward", "all_reduce", "optimizer", "checkpoint"})
    void aKilledWorkerIsNamedWithinASecondAndItsPeersAreReleased(String phase) throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            CompletableFuture<List<Reply>> call = trial.script("*:hold " + phase + " 7");
            trial.awaitHolding(2);
            ProcessHandle peer = trial.process(0);
            Trial.signal("KILL", trial.pid(1));
            Trial.awaitTrue("the call has failed", PROMISE, call::isDone);
            ClusterFailure failure = Trial.failure(call);
            assertTrue(
                    failure.getMessage().startsWith("rank 1 (cpu:1) killed by SIGKILL in " + phase + ", step 7"),
                    failure::getMessage);
            assertEquals(1, failure.failures().size());
            Trial.awaitTrue("the peer has ended", PROMISE, () -> !peer.isAlive());
            assertEquals(failure, Trial.failure(trial.cluster().submit(new Request.Warm())));
            assertTrue(trial.cluster().status().get(1).lastError().orElseThrow().contains("SIGKILL"));
        }
        try (Trial again = Trial.start(home, 2)) {
            again.run(new Request.Warm());
        }
    }

    @Test
    void aStoppedWorkerHoldsNobodyUpWhoAsksIt() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            trial.run(new Request.Warm());
            Trial.signal("STOP", trial.pid(1));
            List<CompletableFuture<List<Reply>>> calls = new CopyOnWriteArrayList<>();
            // More than a socket takes: what does not fit waits in a queue, not the one who asks.
            Thread asking = new SteadyThread(
                    () -> {
                        for (int i = 0; i < 1000; i++) {
                            calls.add(trial.script("*:complain " + "x".repeat(1000)));
                        }
                    },
                    "asking");
            asking.start();
            asking.join(5000);
            assertEquals(1000, calls.size(), "all were asked");
            Trial.signal("CONT", trial.pid(1));
            for (CompletableFuture<List<Reply>> call : calls) {
                assertEquals(2, call.get(30, TimeUnit.SECONDS).size());
            }
        }
    }

    @Test
    void anIdleWorkersDeathFailsTheNextRequest() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            trial.run(new Request.Warm()); // A worker says hello before it is idle.
            Trial.signal("TERM", trial.pid(0));
            Trial.awaitTrue("noticed", PROMISE, () -> trial.cluster().failure().isPresent());
            assertTrue(Trial.failure(trial.script("*:flood 1"))
                    .getMessage()
                    .contains("rank 0 (cpu:0) killed by SIGTERM while idle"));
        }
    }

    @Test
    void anExitCodeIsNamedWithTheLastLines() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            WorkerFailure lost = Trial.failure(trial.script("0:hold all_reduce 1;1:complain goodbye;1:halt 42"))
                    .failures()
                    .get(0);
            assertEquals(Cause.EXIT, lost.cause());
            assertEquals(42, lost.exitCode());
            assertEquals(List.of("goodbye"), lost.lastLines());
            assertEquals(List.of("goodbye"), trial.cluster().logs(1));
        }
    }

    @Test
    void theLastLinesAreThoseOfTheRequestThatWasLost() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            trial.run("*:complain earlier");
            WorkerFailure lost = Trial.failure(trial.script("1:complain goodbye;1:halt 42"))
                    .failures()
                    .get(0);
            assertEquals(List.of("goodbye"), lost.lastLines());
            assertEquals(List.of("earliergoodbye"), trial.cluster().logs(1));
        }
    }

    @Test
    void anExitWithTheCodeOfAFullHeapIsAnExit() throws Exception {
        try (Trial trial = Trial.start(home, 1)) {
            ClusterFailure failure = Trial.failure(trial.script("0:halt 3"));
            assertEquals(Cause.EXIT, failure.failures().get(0).cause());
            assertTrue(failure.getMessage().contains("exited with code 3"), failure::getMessage);
        }
    }

    @Test
    void theOthersCountAsDeadAsSoonAsOneIsLost() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            CompletableFuture<List<Reply>> call = trial.script("0:stuck;1:hold forward 7");
            trial.awaitHolding(2);
            Trial.signal("KILL", trial.pid(1));
            Trial.failure(call);
            WorkerStatus peer = trial.cluster().status().get(0);
            assertEquals(WorkerStatus.State.DEAD, peer.state());
            assertTrue(peer.lastError().orElseThrow().startsWith("stopped because rank 1"), peer::toString);
        }
    }

    @Test
    void aFullJavaHeapIsNamedWithItsSize() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            ClusterFailure failure = Trial.failure(trial.script("0:hold all_reduce 1;1:heap"));
            assertEquals(Cause.JAVA_HEAP, failure.failures().get(0).cause());
            assertTrue(failure.getMessage().contains("ran out of Java heap (32 MiB"), failure::getMessage);
            assertTrue(failure.getMessage().contains("optimizer, step 4"), failure::getMessage);
        }
    }

    @Test
    void aNativeCrashIsNamedWithFrameAndALogThatOutlivesTheCluster() throws Exception {
        ClusterFailure failure;
        try (Trial trial = Trial.start(home, 2)) {
            failure = Trial.failure(trial.script("0:hold all_reduce 1;1:crash"));
        }
        WorkerFailure lost = failure.failures().get(0);
        assertEquals(Cause.NATIVE_CRASH, lost.cause());
        assertEquals("SIGSEGV", lost.signal().orElseThrow());
        assertTrue(lost.what().contains(" at "), lost::what);
        Path log = lost.crashLog().orElseThrow();
        assertTrue(failure.getMessage().contains(log.toString()));
        assertTrue(Files.size(log) > 0 && log.startsWith(home));
    }

    @Test
    void aUsersExceptionIsAReplyAndReleasesTheOthers() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            List<Reply> replies = trial.run("0:hold all_reduce 1;1:throw boom");
            assertInstanceOf(Reply.Cancelled.class, replies.get(0));
            Reply.Failed failed = assertInstanceOf(Reply.Failed.class, replies.get(1));
            assertEquals("IllegalStateException", failed.type());
            assertEquals("boom", failed.message());
            assertTrue(failed.stack().get(0).contains("ScriptedRank"), () -> failed.stack()
                    .get(0));
            assertEquals(
                    "IllegalStateException: boom",
                    trial.cluster().status().get(1).lastError().orElseThrow());
            trial.run(new Request.Warm());
        }
    }

    @Test
    void aRankThatDoesNotStopIsKilledAndNamed() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            CompletableFuture<List<Reply>> call = trial.script("0:hold forward 3;1:stuck");
            trial.awaitHolding(2);
            trial.cluster().cancel();
            CompletableFuture<List<Reply>> next = trial.cluster().submit(new Request.Warm());
            ClusterFailure failure = Trial.failure(call);
            assertTrue(
                    failure.getMessage()
                            .startsWith("rank 1 (cpu:1) killed because it was still busy with a request that was"
                                    + " interrupted 5 s before, in native call, step 3"),
                    failure::getMessage);
            assertEquals(failure, Trial.failure(next), "the next request does not take the blame");
        }
    }

    @Test
    void aPeerStoppedByASignalIsWhatTheOthersWaitedFor() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            trial.run(new Request.Warm());
            Trial.signal("STOP", trial.pid(1));
            ClusterFailure failure = Trial.failure(trial.script("0:late"));
            assertTrue(
                    failure.getMessage()
                            .startsWith("rank 1 (cpu:1) killed because it was stopped by a signal (SIGSTOP) and did not"
                                    + " answer within 5 s (rank 0 failed with LostPeer: rank 1 is late), while idle"),
                    failure::getMessage);
        }
    }

    @Test
    void aWorkerThatCannotStartSaysWhy() {
        WorkerCommand broken = new WorkerCommand(List.of(home), Optional.empty(), System.getenv());
        ClusterFailure failure =
                assertThrows(ClusterFailure.class, () -> Cluster.start(Trial.spec(2), home, event -> {}, broken));
        assertTrue(failure.getMessage().contains("exited with code 1 in starting"), failure::getMessage);
        assertTrue(failure.getMessage().contains("Could not find or load main class"), failure::getMessage);
    }

    @Test
    void aKillEndsARankThatDoesNotStop() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            CompletableFuture<List<Reply>> call = trial.script("*:stuck");
            trial.awaitHolding(2);
            trial.cluster().cancel();
            trial.cluster().kill();
            Trial.awaitTrue("the call has failed", PROMISE, call::isDone);
            assertEquals(
                    Cause.ENDED_BY_USER, Trial.failure(call).failures().get(0).cause());
        }
    }

    /** A verb that sees the stop before it asks and the interrupt itself may both cancel: that killed workers for one interrupt. */
    @Test
    void cancelledTwiceIsCancelledOnce() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            CompletableFuture<List<Reply>> call = trial.script("*:hold forward 3");
            trial.awaitHolding(2);
            trial.cluster().cancel();
            trial.cluster().cancel();
            call.get(20, TimeUnit.SECONDS).forEach(reply -> assertInstanceOf(Reply.Cancelled.class, reply));
            trial.run(new Request.Warm());
        }
    }

    @Test
    void anExceededMemoryBudgetIsAnErrorOfThatRankAndTheWorkerLives() throws Exception {
        try (Trial trial = Trial.start(home, Trial.spec(1).withMemory(512L << 20))) {
            Reply.Failed failed =
                    assertInstanceOf(Reply.Failed.class, trial.run("*:hog 500").get(0));
            assertEquals("OutOfMemoryError", failed.type());
            assertTrue(failed.message().contains("Unable to allocate 104857600 bytes"), failed::message);
            assertInstanceOf(Reply.Done.class, trial.run(new Request.Warm()).get(0));
            assertEquals(
                    512L << 20, trial.cluster().status().get(0).limitBytes().orElseThrow());
        }
    }

    @Test
    void ofSeveralDeathsTheSignalIsTheCause() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            CompletableFuture<List<Reply>> call = trial.script("*:hold forward 7");
            trial.awaitHolding(2);
            trial.process(1).destroyForcibly();
            trial.process(0).destroyForcibly();
            WorkerFailure first = Trial.failure(call).failures().get(0);
            assertEquals(Cause.SIGNAL, first.cause());
        }
    }
}
