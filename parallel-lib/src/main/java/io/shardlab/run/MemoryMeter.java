package io.shardlab.run;

import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Measures a rank's memory by category.
 *
 * <p>Weights, gradients, optimizer state and communication windows are counted by who allocates them. Activations are what
 * the process grew by beyond those and beyond its size before a model was placed, at its high-water mark
 * ({@code VmHWM} of {@code /proc/self/status}). Ranks that share a process have no such figure; theirs is left out, as is that of
 * a model too small to show in it.
 */
final class MemoryMeter {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path CLEAR = Path.of("/proc/self/clear_refs");

    private final int rank;
    private final boolean ownProcess;
    private long baseline;
    private long baselineHeap;

    MemoryMeter(int rank, boolean ownProcess) {
        this.rank = rank;
        this.ownProcess = ownProcess;
    }

    /** Notes the size of the process before a model is placed. */
    void markBaseline() {
        baselineHeap = heapUsed();
        baseline = readStatus("VmRSS").orElse(0);
    }

    /** Starts a new high-water mark. */
    void resetHighWater() {
        if (ownProcess) {
            try {
                Files.writeString(CLEAR, "5");
            } catch (IOException e) {
                // Not allowed here: the high-water mark then covers the whole life of the process.
                return;
            }
        }
    }

    MemoryUse measure(Map<MemoryCategory, Long> held, long communicationBytes) {
        Map<MemoryCategory, Long> bytes = new EnumMap<>(MemoryCategory.class);
        bytes.putAll(held);
        bytes.put(MemoryCategory.COMMUNICATION, communicationBytes);
        OptionalLong peak = readStatus("VmHWM");
        if (ownProcess && peak.isPresent()) {
            long counted = bytes.values().stream().mapToLong(Long::longValue).sum();
            long heap = heapUsed();
            bytes.put(MemoryCategory.HEAP, heap);
            if (baseline > 0) {
                bytes.put(MemoryCategory.OTHER, Math.max(0, baseline - baselineHeap));
                long grown = peak.getAsLong() - baseline - Math.max(0, heap - baselineHeap);
                if (grown > counted) {
                    bytes.put(MemoryCategory.ACTIVATIONS, grown - counted);
                }
            } else {
                bytes.put(MemoryCategory.OTHER, Math.max(0, peak.getAsLong() - heap - counted));
            }
        }
        return new MemoryUse(rank, bytes);
    }

    private static long heapUsed() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    private static OptionalLong readStatus(String field) {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(field + ":")) {
                    return OptionalLong.of(Long.parseLong(line.replaceAll("\\D", "")) * 1024);
                }
            }
        } catch (IOException e) {
            return OptionalLong.empty();
        }
        return OptionalLong.empty();
    }
}
