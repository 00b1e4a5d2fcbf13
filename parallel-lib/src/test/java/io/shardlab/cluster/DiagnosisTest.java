package io.shardlab.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.cluster.WorkerFailure.Cause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiagnosisTest {

    private static final ClusterSpec SPEC = ClusterSpec.cpu(1, 1).withMemory(512L << 20);

    @TempDir
    Path folder;

    private static Diagnosis of(int exitCode, long memoryKills) {
        return Diagnosis.of(exitCode, Optional.empty(), List.of(), memoryKills, SPEC);
    }

    private Diagnosis ofLog(int exitCode, String text) throws IOException {
        Path log = Files.writeString(folder.resolve("hs_err.log"), text);
        return Diagnosis.of(exitCode, Optional.of(log), List.of(), 0, SPEC);
    }

    @Test
    void exitCodesHaveNames() {
        assertEquals("killed by SIGKILL", of(137, 0).what());
        assertEquals("killed by SIGTERM", of(143, 0).what());
        assertEquals("killed by SIGBUS", of(135, 0).what());
        assertEquals("exited with code 1", of(1, 0).what());
        assertEquals("exited with code 200", of(200, 0).what());
    }

    /** {@code System.exit(3)} in a cell was taken for a full heap. */
    @Test
    void onlyWhatTheJvmSaidTellsAFullHeapFromAProgramsOwnExit() {
        assertEquals("exited with code 3", of(3, 0).what());
        List<String> said =
                List.of("first", "halfTerminating due to java.lang.OutOfMemoryError: Java heap space", "last");
        assertEquals(
                Cause.JAVA_HEAP,
                Diagnosis.of(3, Optional.empty(), said, 0, SPEC).cause());
    }

    @Test
    void theHostsCounterTellsAKillForLackOfMemoryFromOtherKills() {
        assertEquals(Cause.OUT_OF_MEMORY_KILL, of(137, 1).cause());
        assertEquals(Cause.SIGNAL, of(143, 1).cause(), "another process of the group was killed");
    }

    @Test
    void aCrashReportNamesSignalAndFrame() throws IOException {
        Diagnosis crash = ofLog(
                134,
                """
                # A fatal error has been detected by the Java Runtime Environment:
                #
                #  SIGSEGV (0xb) at pc=0x00007f, pid=1, tid=2
                #
                # Problematic frame:
                # C  [libtorch_cpu.so+0x1234]  at::native::add+0x10
                #
                """);
        assertEquals(
                "crashed natively with SIGSEGV at C  [libtorch_cpu.so+0x1234]  at::native::add+0x10", crash.what());
        assertEquals("SIGSEGV", crash.signal().orElseThrow());
    }

    @Test
    void aReportOfMissingMemoryNamesTheBudget() throws IOException {
        Diagnosis full = ofLog(1, "# There is insufficient memory for the Java Runtime Environment to continue.\n");
        assertEquals(Cause.NATIVE_MEMORY, full.cause());
        assertEquals("ran out of the memory of its budget of 512 MiB; start with a larger --memory", full.what());
    }

    @Test
    void processStateIsReadBehindNamesThatLookLikeFields() {
        ProcessUse use = ProcessUse.parse("12 (a) T (b) T 1 2 3", "Name:\tx\nVmHWM:\t  20 kB\nVmRSS:\t  10 kB\n");
        assertEquals(new ProcessUse('T', 10 << 10, 20 << 10), use);
    }
}
