package io.shardlab.comm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SeparateJvmsTest {

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void ranksThatAreJvmsSumAndTalkThroughSharedMemory(int size) throws Exception {
        List<Process> ranks = new ArrayList<>();
        try {
            for (int rank = 0; rank < size; rank++) {
                ranks.add(start(rank, size));
            }
            for (Process rank : ranks) {
                String output = new String(rank.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertTrue(rank.waitFor(60, TimeUnit.SECONDS), "rank still runs: " + output);
                assertEquals("sums right", output.strip());
            }
        } finally {
            ranks.forEach(Process::destroyForcibly);
        }
        assertArrayEquals(new String[0], folder.toFile().list());
    }

    private Process start(int rank, int size) throws Exception {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                RankMain.class.getName(),
                folder.toString(),
                String.valueOf(rank),
                String.valueOf(size));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }
}
