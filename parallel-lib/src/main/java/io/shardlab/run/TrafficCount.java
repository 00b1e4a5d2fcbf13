package io.shardlab.run;

import io.shardlab.mesh.Group;
import io.shardlab.trace.Phase;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one rank sends: by phase, axis and collective within the request at hand, and by receiver since the last reset.
 * Owned by the rank's thread.
 */
final class TrafficCount {

    private final Map<String, Reply.Traffic> byHeading = new TreeMap<>();
    private final Map<String, Map<Integer, Long>> sentTo = new TreeMap<>();
    private Phase phase = Phase.PLACEMENT;

    void enter(Phase now) {
        phase = now;
    }

    /** Begins a request. */
    void begin() {
        byHeading.clear();
        phase = Phase.PLACEMENT;
    }

    /** Counts a collective; its bytes go to the other members in equal parts. */
    void collective(Group group, int member, String axis, String name, long bytes) {
        count(axis, name, bytes);
        List<Integer> ranks = group.ranks();
        int others = ranks.size() - 1;
        for (int other = 0, turn = 0; other < ranks.size(); other++) {
            if (other != member) {
                to(name, ranks.get(other), bytes * (turn + 1) / others - bytes * turn / others);
                turn++;
            }
        }
    }

    void send(Group group, int to, String axis, long bytes) {
        count(axis, "send", bytes);
        to("send", group.ranks().get(to), bytes);
    }

    private void count(String axis, String name, long bytes) {
        // Gradients are summed over the data axis while the backward pass still runs.
        boolean gradients = axis.equals("dp") && (phase == Phase.FORWARD || phase == Phase.BACKWARD);
        String heading = (gradients ? Phase.GRADIENT_SYNC : phase).word() + " " + axis + " " + name;
        byHeading.merge(
                heading,
                new Reply.Traffic(1, bytes),
                (a, b) -> new Reply.Traffic(a.count() + b.count(), a.bytes() + b.bytes()));
    }

    private void to(String name, int rank, long bytes) {
        sentTo.computeIfAbsent(name, key -> new TreeMap<>()).merge(rank, bytes, Long::sum);
    }

    /** By {@code phase axis collective}. */
    Map<String, Reply.Traffic> byHeading() {
        return Map.copyOf(byHeading);
    }

    /** Bytes by collective and receiver. */
    Map<String, Map<Integer, Long>> sentTo() {
        Map<String, Map<Integer, Long>> copy = new HashMap<>();
        sentTo.forEach((name, bytes) -> copy.put(name, Map.copyOf(bytes)));
        return copy;
    }

    void reset() {
        sentTo.clear();
    }
}
