package io.shardlab.magics.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cluster.Devices;
import io.shardlab.cluster.HostLimits;
import io.shardlab.magics.backend.Diagnosis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong with a machine comes with the one thing to do. */
final class CheckupTest {

    @TempDir
    Path root;

    private Diagnosis.DoctorRow row(String subject, Devices devices, Map<String, String> environment) {
        return new Checkup(devices, root, environment)
                .rows().stream()
                        .filter(row -> row.subject().equals(subject))
                        .findFirst()
                        .orElseThrow();
    }

    private static Devices devices(long sharedFreeBytes, boolean tools) {
        HostLimits limits = new HostLimits(2, "CPU_LIMIT", 512L << 20, "cgroup limit");
        return new Devices(List.of(), limits, 64L << 20, sharedFreeBytes, tools, tools);
    }

    @Test
    void limitsAreToldWithWhatSetsThem() {
        Devices small = devices(64L << 20, true);
        assertEquals("2 (CPU_LIMIT)", row("cores", small, Map.of()).finding());
        Diagnosis.DoctorRow memory = row("memory", small, Map.of());
        assertEquals("512 MB (cgroup limit)", memory.finding());
        assertFalse(memory.healthy());
        assertTrue(memory.advice().contains("one or two workers"));
    }

    @Test
    void aLimitThatIsNoNumberIsPointedOut() {
        Diagnosis.DoctorRow row = row("MEM_LIMIT", devices(64L << 20, true), Map.of("MEM_LIMIT", "2G"));
        assertEquals("'2G' is not understood, and no limit", row.finding());
        assertEquals("set it to bytes, such as 2147483648", row.advice());
    }

    @Test
    void whatIsMissingNamesTheCommandThatBringsIt() {
        Devices bare = devices(8L << 20, false);
        assertTrue(row("/dev/shm", bare, Map.of()).advice().contains("--shm-size=256m"));
        assertTrue(row("parent-death signal", bare, Map.of()).advice().startsWith("apt-get install util-linux"));
        assertTrue(row("memory budgets", bare, Map.of()).advice().startsWith("apt-get install util-linux"));
        assertEquals("", row("/dev/shm", devices(64L << 20, true), Map.of()).advice());
    }

    @Test
    void aDriverWithoutVisibleGpusIsWorthAWord() throws IOException {
        Devices none = devices(64L << 20, true);
        assertTrue(row("GPUs", none, Map.of()).healthy());
        Files.createDirectories(root.resolve("proc/driver/nvidia"));
        Files.writeString(root.resolve("proc/driver/nvidia/version"), "NVRM version: 535");
        assertTrue(row("GPUs", none, Map.of()).advice().contains("nvidia-smi lists none"));
        assertEquals(
                "CUDA_VISIBLE_DEVICES='' hides them",
                row("GPUs", none, Map.of("CUDA_VISIBLE_DEVICES", "")).advice());
    }

    @Test
    void nativesThatAreNotUnpackedSayWhatDoesIt() throws IOException {
        String before = System.getProperty("shardlab.worker.classpath");
        System.setProperty("shardlab.worker.classpath", "pytorch-native-cpu.jar");
        try {
            Map<String, String> environment = Map.of("DJL_CACHE_DIR", root.toString());
            Devices fine = devices(64L << 20, true);
            assertTrue(row("DJL natives", fine, environment).advice().contains("./lab setup does it beforehand"));
            Path version = Files.createDirectories(root.resolve("pytorch/2.7.1-cpu-linux-x86_64"));
            Files.createFile(version.resolve("libtorch_cpu.so"));
            assertEquals(
                    "PyTorch 2.7.1-cpu-linux-x86_64, unpacked",
                    row("DJL natives", fine, environment).finding());
        } finally {
            if (before == null) {
                System.clearProperty("shardlab.worker.classpath");
            } else {
                System.setProperty("shardlab.worker.classpath", before);
            }
        }
    }
}
