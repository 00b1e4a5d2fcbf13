package io.shardlab.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterLifeTest {

    @TempDir
    Path home;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void workersStartAnswerAndStopPolitely(int workers) throws Exception {
        try (Trial trial = Trial.start(home, workers)) {
            List<Reply> replies = trial.run(new Request.Warm());
            assertEquals(workers, replies.size());
            replies.forEach(reply -> assertInstanceOf(Reply.Done.class, reply));
            for (WorkerStatus status : trial.cluster().status()) {
                assertEquals(WorkerStatus.State.READY, status.state());
                assertEquals("idle", status.lastAction());
                assertTrue(
                        status.rssBytes() > 0 && status.rssBytes() <= 200L << 20,
                        () -> "resident " + status.rssBytes());
                assertTrue(status.note().beatNanos() != 0, "no heartbeat");
                System.out.println("worker " + status.rank() + ": " + (status.rssBytes() >> 20)
                        + " MiB resident, ready in " + status.readyMillis() + " ms");
            }
            long begin = System.nanoTime();
            assertEquals(Collections.nCopies(workers, 0), trial.cluster().stop());
            System.out.println("stopped " + workers + " in " + (System.nanoTime() - begin) / 1_000_000 + " ms");
        }
        assertEquals(List.of(), contents(home.resolve("jobs")));
    }

    @Test
    void theProductsOwnExecutorAnswersAndPrints() throws Exception {
        StringBuilder printed = new StringBuilder();
        try (Cluster cluster = Cluster.start(Trial.spec(2), home, event -> {
            if (event instanceof WorkerEvent.Printed piece) {
                printed.append(piece.text());
            }
        })) {
            cluster.submit(new Request.Print(3)).get(30, TimeUnit.SECONDS);
            assertEquals(6, printed.toString().lines().count(), printed::toString);
        }
    }

    @Test
    void closingTwiceIsClosingOnceAndLaterRequestsAreRefused() throws Exception {
        Trial trial = Trial.start(home, 1);
        trial.close();
        trial.close();
        assertTrue(Trial.failure(trial.script("*:flood 1")).getMessage().contains("stopped"));
        assertEquals(WorkerStatus.State.DEAD, trial.cluster().status().get(0).state());
    }

    @Test
    void stoppingWhileBusyFailsTheRequestAndEndsTheWorkers() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            CompletableFuture<List<Reply>> call = trial.script("0:hold forward 1;1:stuck");
            trial.awaitHolding(2);
            assertEquals(2, trial.cluster().stop().size());
            assertTrue(Trial.failure(call).getMessage().contains("stopped"));
        }
    }

    @Test
    void twoClustersOfOneHomeDoNotMeet() throws Exception {
        try (Trial one = Trial.start(home, 1);
                Trial other = Trial.start(home, 1)) {
            one.run("*:complain one");
            other.run("*:complain other");
            assertEquals("one", one.printed(0, true));
            assertEquals("other", other.printed(0, true));
            one.close();
            other.run(new Request.Warm());
        }
    }

    @Test
    void aWorkerIgnoresTheInterruptOfItsProcessGroup() throws Exception {
        try (Trial trial = Trial.start(home, 1)) {
            Trial.signal("INT", trial.pid(0));
            trial.run(new Request.Warm());
        }
    }

    @Test
    void cancelStopsARunAndLeavesTheWorkersUsable() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            for (int i = 0; i < 20; i++) {
                CompletableFuture<List<Reply>> call = trial.script("*:hold forward 5");
                trial.awaitHolding(2);
                assertEquals(
                        WorkerStatus.State.BUSY, trial.cluster().status().get(1).state());
                trial.cluster().cancel();
                call.get(30, TimeUnit.SECONDS).forEach(reply -> assertInstanceOf(Reply.Cancelled.class, reply));
                assertInstanceOf(Reply.Done.class, trial.run(new Request.Warm()).get(1));
            }
        }
    }

    @Test
    void cancelAlsoMeetsARequestThatHasNotBegun() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            CompletableFuture<List<Reply>> first = trial.script("*:hold forward 5");
            CompletableFuture<List<Reply>> second = trial.script("*:hold forward 6");
            trial.awaitHolding(2);
            trial.cluster().cancel();
            assertInstanceOf(
                    Reply.Cancelled.class, first.get(30, TimeUnit.SECONDS).get(0));
            assertInstanceOf(
                    Reply.Cancelled.class, second.get(30, TimeUnit.SECONDS).get(0));
        }
    }

    @Test
    void aStoppedWorkerIsShownAsStoppedAndGoesOn() throws Exception {
        try (Trial trial = Trial.start(home, 1)) {
            Trial.signal("STOP", trial.pid(0));
            Trial.awaitTrue(
                    "state is stopped",
                    Duration.ofSeconds(5),
                    () -> trial.cluster().status().get(0).state() == WorkerStatus.State.STOPPED);
            CompletableFuture<List<Reply>> call = trial.cluster().submit(new Request.Warm());
            assertFalse(call.isDone());
            Trial.signal("CONT", trial.pid(0));
            call.get(30, TimeUnit.SECONDS);
        }
    }

    @Test
    void theSmallestMemoryBudgetIsEnoughToStart() throws Exception {
        try (Trial trial = Trial.start(home, ClusterSpec.cpu(2, 2).withMemory(ClusterSpec.LEAST_MEMORY_BYTES))) {
            trial.run(new Request.Warm());
        }
    }

    @Test
    void startingAndStoppingLeavesNoFilesOrThreadsOpen() throws Exception {
        // Other tests of this JVM may have left some.
        Set<Thread> before = threads();
        cycle();
        int files = openFiles();
        for (int i = 0; i < 5; i++) {
            cycle();
        }
        // A few descriptors may come and go with the JVM's own business; a leak would be one or more per worker.
        int now = openFiles();
        assertTrue(now <= files + 3, () -> files + " open files before, " + now + " after");
        Trial.awaitTrue("no new thread is left", Duration.ofSeconds(5), () -> before.containsAll(threads()));
    }

    @Test
    void noProcessOfAClusterOutlivesIt() throws Exception {
        Set<Long> before = children();
        cycle();
        Trial.awaitTrue("no new process is left", Duration.ofSeconds(5), () -> before.containsAll(children()));
    }

    private static Set<Long> children() {
        return ProcessHandle.current().children().map(ProcessHandle::pid).collect(Collectors.toSet());
    }

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("shardlab-"))
                .collect(Collectors.toSet());
    }

    private void cycle() throws Exception {
        try (Trial trial = Trial.start(home, 2)) {
            trial.run(new Request.Warm());
        }
    }

    private static int openFiles() throws IOException {
        return contents(Path.of("/proc/self/fd")).size();
    }

    @Test
    void aDebuggedWorkerListensOnTheLoopbackAddress() throws Exception {
        try (Trial trial = Trial.start(home, Trial.spec(1).withDebug(true))) {
            trial.run(new Request.Warm());
            assertTrue(trial.cluster().logs(0).get(0).startsWith("Listening for transport dt_socket at address: "));
        }
    }

    @Test
    void aStrangerOnTheControlSocketIsRefusedAndTheWorkerLetIn() throws Exception {
        JobFolder.Places places = JobFolder.Places.of(home, System.getenv());
        try (LocalLauncher launcher = new LocalLauncher(places, Trial.command(), List.of(), warning -> {});
                SocketChannel stranger = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            Launcher.LaunchedWorker worker = launcher.launch(Trial.spec(1), 0);
            // The worker's JVM needs far longer than this connection, which is therefore the first.
            stranger.connect(
                    UnixDomainSocketAddress.of(launcher.folder().folder().resolve("rank-0.socket")));
            stranger.write(
                    new Frame(Frame.MESSAGE, 1, new Message.Hello(1, "guess", 0, 1, Message.Line.REQUESTS).encode())
                            .encode());
            List<WorkerEvent> events = Collections.synchronizedList(new ArrayList<>());
            try (Cluster cluster = Cluster.start(Trial.spec(1), alreadyLaunched(worker), events::add)) {
                cluster.submit(new Request.Warm()).get(30, TimeUnit.SECONDS);
                assertTrue(events.toString().contains("without a proper hello was refused"), events::toString);
            }
        }
    }

    private static Launcher alreadyLaunched(Launcher.LaunchedWorker worker) {
        return new Launcher() {
            @Override
            public LaunchedWorker launch(ClusterSpec spec, int rank) {
                return worker;
            }

            @Override
            public void close() {}
        };
    }

    @Test
    void aWorkersClassPathHoldsNothingOfANotebook() {
        String path = WorkerClasspath.find().toString();
        assertTrue(
                path.contains("pytorch-engine") && path.contains("jackson-databind") && path.contains("slf4j-jdk14"),
                path);
        for (String stranger : List.of("jjava", "tablesaw", "xchart", "junit", "archunit", "jupyter")) {
            assertFalse(path.contains(stranger), path);
        }
    }

    static List<Path> contents(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.toList();
        }
    }
}
