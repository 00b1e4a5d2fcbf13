package io.shardlab.cluster;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How many cores and how much memory this process may use, and what says so.
 *
 * @param coresSource such as {@code cgroup quota}
 * @param memorySource such as {@code MEM_LIMIT}
 */
public record HostLimits(int cores, String coresSource, long memoryBytes, String memorySource) {

    private static final long UNKNOWN_MEMORY_BYTES = 4L << 30;

    private record Limit(double amount, String source) {}

    /** Reads limits from files below {@code root} and from variables; the smallest of each sort counts. */
    static HostLimits read(Path root, Map<String, String> environment, int processors) {
        Cgroup cgroup = new Cgroup(root);
        Limit cores = least(
                new Limit(processors, "available processors"),
                cgroup.cores().map(amount -> new Limit(amount, "cgroup quota")),
                amount(environment, "CPU_LIMIT"));
        Limit memory = least(
                new Limit(
                        totalBytes(root).orElse(UNKNOWN_MEMORY_BYTES),
                        totalBytes(root).isPresent() ? "MemTotal" : "assumed"),
                cgroup.memoryBytes().map(amount -> new Limit(amount, "cgroup limit")),
                amount(environment, "MEM_LIMIT"));
        int whole = Math.max(1, (int) Math.floor(cores.amount()));
        return new HostLimits(whole, cores.source(), (long) memory.amount(), memory.source());
    }

    @SafeVarargs
    private static Limit least(Limit first, Optional<Limit>... others) {
        Limit least = first;
        for (Optional<Limit> other : List.of(others)) {
            if (other.isPresent() && other.get().amount() < least.amount()) {
                least = other.get();
            }
        }
        return least;
    }

    /** Hubs set these to plain numbers: cores, bytes. Anything else is not a limit. */
    private static Optional<Limit> amount(Map<String, String> environment, String name) {
        String text = environment.getOrDefault(name, "").strip();
        if (!text.matches("\\d{1,18}(\\.\\d{1,9})?") || Double.parseDouble(text) <= 0) {
            return Optional.empty();
        }
        return Optional.of(new Limit(Double.parseDouble(text), name));
    }

    private static Optional<Long> totalBytes(Path root) {
        return Cgroup.text(root.resolve("proc/meminfo")).stream()
                .flatMap(String::lines)
                .filter(line -> line.matches("MemTotal:\\s+\\d{1,15} kB"))
                .map(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst();
    }
}
