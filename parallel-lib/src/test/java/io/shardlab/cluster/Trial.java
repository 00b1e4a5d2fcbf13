package io.shardlab.cluster;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.shardlab.mesh.Device;
import io.shardlab.run.Event;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/** A cluster of scripted ranks and everything it told. */
final class Trial implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 30;

    private final Cluster cluster;
    private final List<WorkerEvent> events;
    private final LinkedBlockingQueue<Integer> holding;

    private Trial(Cluster cluster, List<WorkerEvent> events, LinkedBlockingQueue<Integer> holding) {
        this.cluster = cluster;
        this.events = events;
        this.holding = holding;
    }

    static ClusterSpec spec(int workers) {
        return ClusterSpec.cpu(workers, 2).withHeap(32 << 20).withTimeout(Duration.ofSeconds(PATIENCE_SECONDS));
    }

    static Trial start(Path home, int workers) throws IOException, InterruptedException {
        return start(home, spec(workers));
    }

    static Trial start(Path home, ClusterSpec spec) throws IOException, InterruptedException {
        List<WorkerEvent> events = new ArrayList<>();
        LinkedBlockingQueue<Integer> holding = new LinkedBlockingQueue<>();
        Cluster cluster = Cluster.start(
                spec,
                home,
                event -> {
                    synchronized (events) {
                        events.add(event);
                    }
                    if (event instanceof WorkerEvent.Said said && said.event() instanceof Event.Progress) {
                        holding.add(said.rank());
                    }
                },
                command());
        return new Trial(cluster, events, holding);
    }

    /** Workers with the tests' classes beside the product's. */
    static WorkerCommand command() {
        List<Path> path = new ArrayList<>(WorkerClasspath.find());
        path.add(Path.of(
                Trial.class.getProtectionDomain().getCodeSource().getLocation().getPath()));
        return new WorkerCommand(path, Optional.of(ScriptedRank.Source.class.getName()), System.getenv());
    }

    Cluster cluster() {
        return cluster;
    }

    CompletableFuture<List<Reply>> script(String text) {
        return cluster.submit(ScriptedRank.script(text));
    }

    List<Reply> run(Request request) throws Exception {
        return cluster.submit(request).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    List<Reply> run(String script) throws Exception {
        return run(ScriptedRank.script(script));
    }

    /** Waits until so many ranks hold. */
    void awaitHolding(int count) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            if (holding.poll(PATIENCE_SECONDS, TimeUnit.SECONDS) == null) {
                throw new AssertionError("only " + i + " ranks hold");
            }
        }
    }

    long pid(int rank) {
        return cluster.status().get(rank).pid();
    }

    ProcessHandle process(int rank) {
        return ProcessHandle.of(pid(rank)).orElseThrow();
    }

    static void signal(String name, long pid) throws IOException, InterruptedException {
        if (pid <= 1) {
            // procps 4.0.2 reads `kill -KILL -1234` as all processes there are.
            throw new IllegalArgumentException("pid " + pid + " must be that of one process");
        }
        new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                .inheritIO()
                .start()
                .waitFor();
    }

    List<WorkerEvent> events() {
        synchronized (events) {
            return List.copyOf(events);
        }
    }

    /** All that a rank printed, put together. */
    String printed(int rank, boolean error) {
        StringBuilder text = new StringBuilder();
        for (WorkerEvent event : events()) {
            if (event instanceof WorkerEvent.Printed printed && printed.rank() == rank && printed.error() == error) {
                text.append(printed.text());
            }
        }
        return text.toString();
    }

    static ClusterFailure failure(CompletableFuture<List<Reply>> call) {
        ExecutionException thrown =
                assertThrows(ExecutionException.class, () -> call.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
        return assertInstanceOf(ClusterFailure.class, thrown.getCause());
    }

    static void awaitTrue(String fact, Duration patience, BooleanSupplier condition) {
        long end = System.nanoTime() + patience.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within " + patience + ": " + fact);
            }
            Thread.onSpinWait();
        }
    }

    static List<Device> cpus(int count) {
        return IntStream.range(0, count).mapToObj(Device::cpu).toList();
    }

    @Override
    public void close() {
        cluster.close();
    }
}
