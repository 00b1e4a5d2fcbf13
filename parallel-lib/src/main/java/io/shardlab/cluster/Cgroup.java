package io.shardlab.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The control groups of this process, version 1 and 2 alike, as files below a root folder.
 *
 * <p>Inside a container the group's own path may not exist below the mount, because the mount already is the group: so each file
 * is looked for at every level from the group's path up to the mount.
 */
record Cgroup(Path root) {

    private static final long NO_LIMIT = 1L << 60;

    /** The smallest quota of cores of any level; empty if there is none. */
    Optional<Double> cores() {
        List<Double> quotas = new ArrayList<>();
        for (String text : texts("", "cpu.max")) {
            String[] words = text.split("\\s+", -1);
            if (words.length == 2) {
                ratio(words[0], words[1]).ifPresent(quotas::add);
            }
        }
        for (Path folder : folders("cpu")) {
            Optional<String> quota = text(folder.resolve("cpu.cfs_quota_us"));
            Optional<String> period = text(folder.resolve("cpu.cfs_period_us"));
            if (quota.isPresent() && period.isPresent()) {
                ratio(quota.get(), period.get()).ifPresent(quotas::add);
            }
        }
        return quotas.stream().min(Double::compare);
    }

    /** The smallest memory limit of any level; empty if there is none. */
    Optional<Long> memoryBytes() {
        List<String> limits = new ArrayList<>(texts("", "memory.max"));
        limits.addAll(texts("memory", "memory.limit_in_bytes"));
        return limits.stream()
                .flatMap(text -> number(text).stream())
                .filter(bytes -> bytes > 0 && bytes < NO_LIMIT)
                .min(Long::compare);
    }

    /** The files that count processes killed for lack of memory. */
    List<Path> killCounters() {
        List<Path> files = new ArrayList<>();
        folders("").forEach(folder -> files.add(folder.resolve("memory.events")));
        folders("memory").forEach(folder -> files.add(folder.resolve("memory.oom_control")));
        return files.stream().filter(Files::isReadable).toList();
    }

    private List<String> texts(String controller, String file) {
        return folders(controller).stream()
                .flatMap(folder -> text(folder.resolve(file)).stream())
                .toList();
    }

    /** Folders of a version-1 controller, or of version 2 for the empty name, innermost first. */
    private List<Path> folders(String controller) {
        Path mount = root.resolve("sys/fs/cgroup").resolve(controller);
        Path inner = mount.resolve(groupPath(controller)).normalize();
        List<Path> folders = new ArrayList<>();
        for (Path folder = inner; folder != null && folder.startsWith(mount); folder = folder.getParent()) {
            folders.add(folder);
        }
        return folders;
    }

    private String groupPath(String controller) {
        String lines = text(root.resolve("proc/self/cgroup")).orElse("");
        return lines.lines()
                .map(line -> line.split(":", 3))
                .filter(parts ->
                        parts.length == 3 && List.of(parts[1].split(",", -1)).contains(controller))
                .map(parts -> parts[2].replaceFirst("^/+", ""))
                .findFirst()
                .orElse("");
    }

    private static Optional<Double> ratio(String quota, String period) {
        Optional<Long> above = number(quota);
        Optional<Long> below = number(period);
        return above.isPresent() && below.isPresent() && above.get() > 0 && below.get() > 0
                ? Optional.of((double) above.get() / below.get())
                : Optional.empty();
    }

    private static Optional<Long> number(String text) {
        return text.matches("\\d{1,18}") ? Optional.of(Long.parseLong(text)) : Optional.empty();
    }

    static Optional<String> text(Path file) {
        try {
            return Optional.of(Files.readString(file).strip());
        } catch (IOException absent) {
            return Optional.empty();
        }
    }
}
