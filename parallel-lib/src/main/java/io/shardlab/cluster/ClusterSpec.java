package io.shardlab.cluster;

import io.shardlab.mesh.Device;
import io.shardlab.mesh.Link;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Which workers to start.
 *
 * @param devices one worker each, rank by rank
 * @param memoryBytes budget of each worker, enforced by the operating system
 * @param threads native compute threads of each worker
 * @param heapBytes of each worker's Java heap
 * @param debug whether each worker listens for a debugger on the loopback address
 * @param timeout how long a rank waits for a peer before naming it, and a start for its workers
 * @param link that delays what ranks send to each other, if one is simulated
 */
public record ClusterSpec(
        List<Device> devices,
        Optional<Long> memoryBytes,
        int threads,
        long heapBytes,
        boolean debug,
        Duration timeout,
        Optional<Link> link) {

    public static final long DEFAULT_HEAP_BYTES = 128L << 20;
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(60);

    /** A JVM that loads the engine does not get by with less. */
    public static final long LEAST_MEMORY_BYTES = 256L << 20;

    private static final int MOST_WORKERS = 256;

    public ClusterSpec {
        devices = List.copyOf(devices);
        require(!devices.isEmpty() && devices.size() <= MOST_WORKERS, "workers", devices.size(), "must be 1 to 256");
        require(new HashSet<>(devices).size() == devices.size(), "devices", devices, "must differ from each other");
        require(
                memoryBytes.isEmpty() || memoryBytes.get() >= LEAST_MEMORY_BYTES,
                "memory",
                memoryBytes.orElse(0L) / (1 << 20) + "m",
                "must be at least 256m: a worker with its engine needs that much");
        require(threads >= 1, "threads", threads, "must be at least 1");
        require(heapBytes >= 16 << 20, "heap", heapBytes / (1 << 20) + "m", "must be at least 16m");
        require(!timeout.isNegative() && !timeout.isZero(), "timeout", timeout, "must be positive");
    }

    /** Workers on these devices, sharing {@code cores}, with defaults for the rest. */
    public static ClusterSpec of(List<Device> devices, int cores) {
        int threads = Math.max(1, cores / Math.max(1, devices.size()));
        return new ClusterSpec(
                devices, Optional.empty(), threads, DEFAULT_HEAP_BYTES, false, DEFAULT_TIMEOUT, Optional.empty());
    }

    /** {@code count} workers, each on a share of {@code cores}. */
    public static ClusterSpec cpu(int count, int cores) {
        return of(IntStream.range(0, count).mapToObj(Device::cpu).toList(), cores);
    }

    public ClusterSpec withMemory(long bytes) {
        return new ClusterSpec(devices, Optional.of(bytes), threads, heapBytes, debug, timeout, link);
    }

    public ClusterSpec withHeap(long bytes) {
        return new ClusterSpec(devices, memoryBytes, threads, bytes, debug, timeout, link);
    }

    public ClusterSpec withThreads(int count) {
        return new ClusterSpec(devices, memoryBytes, count, heapBytes, debug, timeout, link);
    }

    public ClusterSpec withDebug(boolean wanted) {
        return new ClusterSpec(devices, memoryBytes, threads, heapBytes, wanted, timeout, link);
    }

    public ClusterSpec withTimeout(Duration longest) {
        return new ClusterSpec(devices, memoryBytes, threads, heapBytes, debug, longest, link);
    }

    public ClusterSpec withLink(Link simulated) {
        return new ClusterSpec(devices, memoryBytes, threads, heapBytes, debug, timeout, Optional.of(simulated));
    }

    public int numWorkers() {
        return devices.size();
    }

    private static void require(boolean holds, String name, Object value, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(name + " " + value + " " + rule);
        }
    }
}
