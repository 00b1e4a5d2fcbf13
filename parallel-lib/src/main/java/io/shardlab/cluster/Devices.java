package io.shardlab.cluster;

import io.shardlab.mesh.Device;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What this machine offers to workers.
 *
 * @param gpus the visible ones; {@code gpu:K} is the K-th of them
 * @param sharedTotalBytes size of {@code /dev/shm}, 0 if there is none
 * @param parentDeathSignal whether {@code setpriv} is here, by which workers die with the kernel at once
 * @param memoryBudgets whether {@code prlimit} is here, by which {@code --memory} is enforced
 */
public record Devices(
        List<Gpu> gpus,
        HostLimits limits,
        long sharedTotalBytes,
        long sharedFreeBytes,
        boolean parentDeathSignal,
        boolean memoryBudgets) {

    /** What one CPU worker is assumed to need when their number is chosen. */
    static final long ASSUMED_WORKER_BYTES = 400L << 20;

    public Devices {
        gpus = List.copyOf(gpus);
    }

    /** Looks at this machine. */
    public static Devices here() {
        return read(Path.of("/"), System.getenv(), Runtime.getRuntime().availableProcessors());
    }

    static Devices read(Path root, Map<String, String> environment, int processors) {
        Path shared = root.resolve("dev/shm");
        long total = 0;
        long free = 0;
        try {
            FileStore store = Files.getFileStore(shared);
            total = store.getTotalSpace();
            free = store.getUsableSpace();
        } catch (IOException absent) {
            // No shared memory: what falls back says so.
        }
        return new Devices(
                Gpu.query(environment),
                HostLimits.read(root, environment, processors),
                total,
                free,
                WorkerCommand.program("setpriv", environment).isPresent(),
                WorkerCommand.program("prlimit", environment).isPresent());
    }

    /** One worker per visible GPU, else as many CPU workers as cores and memory allow, at least one. */
    public List<Device> defaultDevices() {
        if (!gpus.isEmpty()) {
            return IntStream.range(0, gpus.size()).mapToObj(Device::gpu).toList();
        }
        long byMemory = limits.memoryBytes() / ASSUMED_WORKER_BYTES;
        int count = (int) Math.max(1, Math.min(limits.cores(), byMemory));
        return IntStream.range(0, count).mapToObj(Device::cpu).toList();
    }

    /** One line per fact. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < gpus.size(); i++) {
            Gpu gpu = gpus.get(i);
            text.append(String.format(
                    Locale.ROOT, "gpu:%d  %s, %s, driver %s%n", i, gpu.name(), size(gpu.memoryBytes()), gpu.driver()));
        }
        if (gpus.isEmpty()) {
            text.append(String.format("no GPU visible%n"));
        }
        text.append(String.format("%d cores (%s)%n", limits.cores(), limits.coresSource()));
        text.append(String.format("%s memory (%s)%n", size(limits.memoryBytes()), limits.memorySource()));
        text.append(String.format("/dev/shm %s, %s free%n", size(sharedTotalBytes), size(sharedFreeBytes)));
        text.append(String.format(
                "parent-death signal %s, memory budgets %s",
                parentDeathSignal ? "yes (setpriv)" : "no (setpriv not found)",
                memoryBudgets ? "yes (prlimit)" : "no (prlimit not found)"));
        return text.toString();
    }

    private static String size(long bytes) {
        return bytes >= 1L << 30
                ? String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30))
                : (bytes >> 20) + " MiB";
    }
}
