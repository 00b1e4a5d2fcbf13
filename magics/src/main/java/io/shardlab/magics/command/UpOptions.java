package io.shardlab.magics.command;

import io.shardlab.cluster.ClusterSpec;
import io.shardlab.mesh.Link;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Which workers to start.
 *
 * @param workers how many; empty for one per visible GPU, else as many CPU workers as cores and memory allow
 * @param devices what they compute on
 * @param memoryBytes budget of each worker, enforced; empty for none
 * @param threads native threads of each; empty for cores divided by workers
 * @param heapBytes Java heap of each; empty for the default
 * @param link simulated between workers; empty for none
 * @param debug whether each opens a debugger port on the loopback address
 * @param replace whether workers that run under another specification may be stopped
 * @param idle after which workers that nobody uses are stopped; empty for what {@code SHARDLAB_IDLE} says
 */
public record UpOptions(
        OptionalInt workers,
        DeviceChoice devices,
        OptionalLong memoryBytes,
        OptionalInt threads,
        OptionalLong heapBytes,
        Optional<Link> link,
        boolean debug,
        boolean replace,
        Optional<Duration> idle) {

    /** As many workers as the machine suits. */
    public static final UpOptions DEFAULT = new UpOptions(
            OptionalInt.empty(),
            DeviceChoice.ANY,
            OptionalLong.empty(),
            OptionalInt.empty(),
            OptionalLong.empty(),
            Optional.empty(),
            false,
            false,
            Optional.empty());

    private static final long LEAST_HEAP = 32L << 20;
    private static final long LEAST_MEMORY = ClusterSpec.LEAST_MEMORY_BYTES;

    public UpOptions {
        require(workers.orElse(1) >= 1, "workers " + workers.orElse(0) + " must be at least 1");
        require(threads.orElse(1) >= 1, "threads " + threads.orElse(0) + " must be at least 1");
        require(
                heapBytes.orElse(LEAST_HEAP) >= LEAST_HEAP,
                "heap of " + heapBytes.orElse(0) + " bytes is too small for a worker JVM; give at least 32m");
        require(
                memoryBytes.orElse(LEAST_MEMORY) >= LEAST_MEMORY,
                "memory of " + memoryBytes.orElse(0) + " bytes is too small for a worker; give at least "
                        + (LEAST_MEMORY >> 20) + "m");
        require(
                heapBytes.isEmpty() || memoryBytes.isEmpty() || heapBytes.getAsLong() < memoryBytes.getAsLong(),
                "heap of " + heapBytes.orElse(0) + " bytes does not fit into memory of " + memoryBytes.orElse(0));
        require(
                devices.gpus().isEmpty()
                        || workers.isEmpty()
                        || workers.getAsInt() == devices.gpus().size(),
                "workers " + workers.orElse(0) + " differs from the "
                        + devices.gpus().size() + " GPUs named by devices " + devices);
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    public static UpOptions workers(int count) {
        return DEFAULT.withWorkers(count);
    }

    public UpOptions withWorkers(int count) {
        return new UpOptions(
                OptionalInt.of(count), devices, memoryBytes, threads, heapBytes, link, debug, replace, idle);
    }

    public UpOptions withDevices(String choice) {
        return new UpOptions(
                workers, DeviceChoice.parse(choice), memoryBytes, threads, heapBytes, link, debug, replace, idle);
    }

    /** A budget written like {@code 1g}. */
    public UpOptions withMemory(String size) {
        return new UpOptions(
                workers, devices, OptionalLong.of(Values.bytes(size)), threads, heapBytes, link, debug, replace, idle);
    }

    public UpOptions withThreads(int count) {
        return new UpOptions(
                workers, devices, memoryBytes, OptionalInt.of(count), heapBytes, link, debug, replace, idle);
    }

    /** A Java heap written like {@code 128m}. */
    public UpOptions withHeap(String size) {
        return new UpOptions(
                workers,
                devices,
                memoryBytes,
                threads,
                OptionalLong.of(Values.bytes(size)),
                link,
                debug,
                replace,
                idle);
    }

    /** A simulated link written like {@code 10GB/s,20us}. */
    public UpOptions withLink(String text) {
        Optional<Link> simulated = Optional.of(Link.parse(text));
        return new UpOptions(workers, devices, memoryBytes, threads, heapBytes, simulated, debug, replace, idle);
    }

    /** Stopped when nobody has used them for a time written like {@code 30m}. */
    public UpOptions withIdle(String time) {
        return new UpOptions(
                workers,
                devices,
                memoryBytes,
                threads,
                heapBytes,
                link,
                debug,
                replace,
                Optional.of(Values.time(time)));
    }

    /** What {@code SHARDLAB_IDLE} says, if it says anything. */
    public static Optional<Duration> idle(Map<String, String> environment) {
        String text = environment.getOrDefault("SHARDLAB_IDLE", "").strip();
        if (text.isEmpty() || text.equals("0") || text.equals("off")) {
            return Optional.empty();
        }
        try {
            return Optional.of(Values.time(text));
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException(
                    "the environment variable SHARDLAB_IDLE, '" + text + "', " + wrong.getMessage() + ", or off",
                    wrong);
        }
    }

    public UpOptions replacing() {
        return new UpOptions(workers, devices, memoryBytes, threads, heapBytes, link, debug, true, idle);
    }
}
