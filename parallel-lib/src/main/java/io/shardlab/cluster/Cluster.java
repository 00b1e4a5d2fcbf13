package io.shardlab.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.shardlab.mesh.Device;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Ranks that are JVMs of their own.
 *
 * <p>Workers end with this JVM, whichever way it ends. When one is lost, the cluster has failed: what was asked of it ends with a
 * {@link ClusterFailure}, the other workers are ended too, and a new cluster can be started.
 */
public final class Cluster implements Workers {

    /** How long workers that are stopped have to end by themselves, before they are killed. */
    public static final long STOP_MILLIS = 1200;

    private static final long KILL_MILLIS = 800;

    private final ClusterSpec spec;
    private final Launcher launcher;
    private final Coordinator coordinator;
    private final Thread hook = Daemon.of("shardlab-shutdown", this::close);
    private final CompletableFuture<List<Integer>> exitCodes = new CompletableFuture<>();
    private boolean stopping;

    private Cluster(ClusterSpec spec, Launcher launcher, Consumer<WorkerEvent> listener) {
        this.spec = spec;
        this.launcher = launcher;
        this.coordinator = new Coordinator(spec, listener);
    }

    /**
     * Starts workers and waits until all are there.
     *
     * @param home {@code SHARDLAB_HOME}, where the control files go
     * @param listener hears one thing at a time, on threads of the cluster
     * @throws ClusterFailure if a worker does not come up
     */
    public static Cluster start(ClusterSpec spec, Path home, Consumer<WorkerEvent> listener)
            throws IOException, InterruptedException {
        Optional<String> executor = Optional.ofNullable(System.getProperty(WorkerMain.EXECUTOR_PROPERTY));
        return start(spec, home, listener, new WorkerCommand(WorkerClasspath.find(), executor, System.getenv()));
    }

    static Cluster start(ClusterSpec spec, Path home, Consumer<WorkerEvent> listener, WorkerCommand command)
            throws IOException, InterruptedException {
        List<Gpu> gpus = spec.devices().stream().anyMatch(device -> device.kind() == Device.Kind.GPU)
                ? Gpu.query(System.getenv())
                : List.of();
        command.shortcomings(spec).forEach(text -> listener.accept(new WorkerEvent.Warned(text)));
        return start(
                spec,
                new LocalLauncher(home, command, gpus, text -> listener.accept(new WorkerEvent.Warned(text))),
                listener);
    }

    static Cluster start(ClusterSpec spec, Launcher launcher, Consumer<WorkerEvent> listener)
            throws IOException, InterruptedException {
        Cluster cluster = new Cluster(spec, launcher, listener);
        boolean started = false;
        try {
            Runtime.getRuntime().addShutdownHook(cluster.hook);
            cluster.coordinator.launch(launcher);
            cluster.coordinator.started().get(spec.timeout().toMillis(), TimeUnit.MILLISECONDS);
            started = true;
            return cluster;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof ClusterFailure failure ? failure : new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            throw new ClusterFailure(
                    "workers were not ready after " + spec.timeout().toSeconds() + " s: " + cluster.missing());
        } finally {
            if (!started) {
                cluster.coordinator.kill("not started");
                cluster.close();
            }
        }
    }

    private String missing() {
        List<String> missing = new ArrayList<>();
        for (WorkerStatus worker : status()) {
            if (worker.readyMillis() < 0) {
                missing.add("rank " + worker.rank() + " (" + worker.device() + ") is " + worker.state());
            }
        }
        return String.join(", ", missing);
    }

    /** What workers have on their class path: the product and its engine. */
    public static List<Path> classpath() {
        return WorkerClasspath.find();
    }

    public ClusterSpec spec() {
        return spec;
    }

    @Override
    public int numRanks() {
        return spec.numWorkers();
    }

    @Override
    public CompletableFuture<List<Reply>> submit(Request request) {
        return coordinator.submit(request);
    }

    @Override
    public void cancel() {
        coordinator.cancel();
    }

    /** Ends all workers at once; what was asked of them fails. */
    public void kill() {
        coordinator.kill("ended by the user");
    }

    @Override
    public List<WorkerStatus> status() {
        return coordinator.links().stream()
                .map(link -> link.status(coordinator.busy(link.rank()), spec.memoryBytes()))
                .toList();
    }

    /** Why the cluster is of no more use, if it is not. */
    public Optional<ClusterFailure> failure() {
        return coordinator.failure();
    }

    /** The last lines a worker printed, standard output before standard error; also of a dead one. */
    public List<String> logs(int rank) {
        if (rank < 0 || rank >= coordinator.links().size()) {
            throw new IllegalArgumentException("rank " + rank + " is not one of 0 to " + (numRanks() - 1));
        }
        WorkerLink link = coordinator.links().get(rank);
        List<String> lines = new ArrayList<>(link.printed().lines());
        lines.addAll(link.errors().lines());
        return lines;
    }

    /**
     * Ends the workers, politely first, and waits for their ends.
     *
     * @return their exit codes by rank; 0 is a polite end, 137 a kill
     */
    public List<Integer> stop() {
        synchronized (this) {
            if (stopping) {
                return exitCodes.join();
            }
            stopping = true;
        }
        List<WorkerLink> links = coordinator.links();
        coordinator.end();
        boolean interrupted = !await(links, STOP_MILLIS);
        links.stream().filter(link -> !link.exit().isDone()).forEach(link -> link.worker()
                .kill());
        interrupted |= !await(links, KILL_MILLIS);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        exitCodes.complete(links.stream().map(link -> link.exit().getNow(-1)).toList());
        return exitCodes.join();
    }

    /** Waits for all workers to end; false if this thread was interrupted meanwhile. */
    private static boolean await(List<WorkerLink> links, long millis) {
        CompletableFuture<?>[] exits = links.stream().map(WorkerLink::exit).toArray(CompletableFuture[]::new);
        try {
            CompletableFuture.allOf(exits).get(millis, TimeUnit.MILLISECONDS);
            return true;
        } catch (InterruptedException e) {
            return false;
        } catch (ExecutionException | TimeoutException e) {
            return true; // Whoever is still there is killed next.
        }
    }

    @Override
    public void close() {
        synchronized (coordinator) {
            if (coordinator.closed()) {
                return;
            }
            stop();
            coordinator.close();
            try {
                launcher.close();
            } catch (IOException e) {
                coordinator.warn("could not remove all files of the workers: " + e);
            }
            if (Thread.currentThread() != hook) {
                try {
                    Runtime.getRuntime().removeShutdownHook(hook);
                } catch (IllegalStateException shuttingDown) {
                    // The hook finds nothing left to do.
                }
            }
        }
    }

    /** How a lost worker is described. */
    static WorkerFailure describe(WorkerLink link, Diagnosis found, int exitCode) {
        return new WorkerFailure(
                link.rank(),
                link.device(),
                link.pid(),
                found.cause(),
                found.what(),
                exitCode,
                found.signal(),
                found.crashLog(),
                link.worker().page().read(),
                link.errors().recent(20));
    }

    static byte[] encode(Message message) {
        try {
            return message.encode();
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("cannot be sent to workers: " + e.getOriginalMessage(), e);
        }
    }
}
