package io.shardlab.cluster;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Counts how many processes of our control groups the host has killed for lack of memory; compare before and after. */
record OomKills(List<Path> counters) {

    static OomKills here() {
        return new OomKills(new Cgroup(Path.of("/")).killCounters());
    }

    long count() {
        return counters.stream()
                .flatMap(file -> Cgroup.text(file).stream())
                .flatMap(String::lines)
                .filter(line -> line.matches("oom_kill \\d{1,18}"))
                .map(line -> Long.parseLong(line.substring("oom_kill ".length())))
                .max(Long::compare)
                .orElse(0L);
    }

    /** Whether the host counts at all. */
    Optional<Path> source() {
        return counters.stream().findFirst();
    }
}
