package io.shardlab.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterOutputTest {

    @TempDir
    Path home;

    @Test
    void aFloodOfFourWorkersArrivesWholeBeforeTheirReplies() throws Exception {
        int lines = 20_000;
        try (Trial trial = Trial.start(home, 4)) {
            trial.run("*:flood " + lines);
            for (int rank = 0; rank < 4; rank++) {
                int each = rank;
                String expected = IntStream.range(0, lines)
                        .mapToObj(line -> "rank " + each + " line " + line + " ✓\n")
                        .collect(Collectors.joining());
                assertTrue(expected.equals(trial.printed(rank, false)), "rank " + rank + " lost output");
            }
            assertEquals(lines, trial.cluster().logs(3).size());
        }
    }

    @Test
    void aTailKeepsTheLastLinesAndSaysHowManyItDropped() {
        OutputTail tail = new OutputTail();
        for (int i = 0; i < OutputTail.MOST_LINES + 5; i++) {
            tail.append("line " + i + "\n");
        }
        tail.append("rest");
        List<String> lines = tail.lines();
        assertEquals("… 5 earlier lines are not kept", lines.get(0));
        assertEquals("line 5", lines.get(1));
        assertEquals(List.of("line 20004", "rest"), tail.recent(2));
    }

    @Test
    void aTailOfEndlessLinesStaysBounded() {
        OutputTail tail = new OutputTail();
        String piece = "x".repeat(8192);
        for (int i = 0; i < 4096; i++) {
            tail.append(piece);
        }
        long kept = tail.lines().stream().mapToLong(String::length).sum();
        assertTrue(kept <= OutputTail.MOST_CHARS + 20_000, () -> kept + " characters kept");
    }
}
