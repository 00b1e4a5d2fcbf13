package io.shardlab.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.mesh.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DevicesTest {

    private static final String TWO_GPUS =
            """
            0, GPU-aaaa-1, NVIDIA A100-SXM4-40GB, 40960, 535.104.05
            1, GPU-bbbb-2, NVIDIA A100-SXM4-40GB, 40960, 535.104.05
            """;

    @TempDir
    Path root;

    private void file(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private Path program(String name, String script) throws IOException {
        file("bin/" + name, "#!/bin/sh\n" + script + "\n");
        return Files.setPosixFilePermissions(root.resolve("bin/" + name), PosixFilePermissions.fromString("rwx------"));
    }

    private Devices read(Map<String, String> environment) {
        return Devices.read(root, environment, 8);
    }

    @Test
    void gpusComeFromNvidiaSmiAndBecomeTheDefault() throws IOException {
        program("nvidia-smi", "cat <<'END'\n" + TWO_GPUS + "END");
        file("proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\n");
        Devices devices = read(Map.of("PATH", root.resolve("bin").toString()));
        assertEquals(List.of(Device.gpu(0), Device.gpu(1)), devices.defaultDevices());
        assertTrue(
                devices.toString()
                        .startsWith("gpu:0  NVIDIA A100-SXM4-40GB, 40.0 GiB, driver 535.104.05\n"
                                + "gpu:1  NVIDIA A100-SXM4-40GB, 40.0 GiB, driver 535.104.05\n"
                                + "8 cores (available processors)\n16.0 GiB memory (MemTotal)\n"),
                devices::toString);
    }

    @Test
    void visibleDevicesRestrictAndOrderAsCudaDoes() {
        List<Gpu> all = Gpu.parse(TWO_GPUS);
        assertEquals(List.of(all.get(1)), Gpu.visible(all, Optional.of("1")));
        assertEquals(List.of(all.get(1), all.get(0)), Gpu.visible(all, Optional.of("GPU-bbbb, 0")));
        assertEquals(List.of(all.get(0)), Gpu.visible(all, Optional.of("0,7,1")));
        assertEquals(List.of(), Gpu.visible(all, Optional.of("")));
        assertEquals(List.of(), Gpu.visible(all, Optional.of("-1")));
        assertEquals(all, Gpu.visible(all, Optional.empty()));
    }

    @Test
    void aBrokenOrHangingNvidiaSmiMeansNoGpu() throws IOException {
        assertEquals("", Gpu.run(program("failing", "echo '0, a, b, 1, c'; exit 9"), Duration.ofSeconds(5)));
        assertEquals("", Gpu.run(program("hanging", "exec sleep 1000"), Duration.ofMillis(50)));
        assertEquals(List.of(), Gpu.parse("No devices were found\n\n0, x, y, [N/A], z\n1,2"));
    }

    @Test
    void versionTwoLimitsCountAtTheInnermostAndOuterLevels() throws IOException {
        file("proc/meminfo", "MemTotal:       16777216 kB\n");
        file("proc/self/cgroup", "0::/user/one\n");
        file("sys/fs/cgroup/user/one/cpu.max", "max 100000\n");
        file("sys/fs/cgroup/user/cpu.max", "250000 100000\n");
        file("sys/fs/cgroup/user/one/memory.max", "2147483648\n");
        file("sys/fs/cgroup/user/memory.max", "max\n");
        assertEquals(
                new HostLimits(2, "cgroup quota", 2L << 30, "cgroup limit"),
                read(Map.of()).limits());
    }

    @Test
    void versionOneLimitsCount() throws IOException {
        file("proc/meminfo", "MemTotal:       16777216 kB\n");
        file("proc/self/cgroup", "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n0::/\n");
        file("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n");
        file("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
        file("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
        assertEquals(
                new HostLimits(1, "cgroup quota", 1L << 30, "cgroup limit"),
                read(Map.of()).limits());
        assertEquals(List.of(Device.cpu(0)), read(Map.of("PATH", "")).defaultDevices());
    }

    @Test
    void anUnlimitedGroupAndNonsenseInVariablesLimitNothing() throws IOException {
        file("proc/meminfo", "MemTotal:       4194304 kB\n");
        file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        file("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
        file("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
        assertEquals(
                new HostLimits(8, "available processors", 4L << 30, "MemTotal"),
                read(Map.of("CPU_LIMIT", "lots", "MEM_LIMIT", "")).limits());
    }

    @Test
    void aHubsVariablesLimit() throws IOException {
        file("proc/meminfo", "MemTotal:       16777216 kB\n");
        Devices devices = read(Map.of("CPU_LIMIT", "3.5", "MEM_LIMIT", "1073741824"));
        assertEquals(new HostLimits(3, "CPU_LIMIT", 1L << 30, "MEM_LIMIT"), devices.limits());
        assertEquals(2, devices.defaultDevices().size(), "memory for two workers");
    }

    @Test
    void memoryKillsAreCountedInEitherVersion() throws IOException {
        file("proc/self/cgroup", "4:memory:/x\n0::/\n");
        file("sys/fs/cgroup/memory/x/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
        assertEquals(3, new OomKills(new Cgroup(root).killCounters()).count());
        file("sys/fs/cgroup/memory.events", "oom 9\noom_kill 5\n");
        assertEquals(5, new OomKills(new Cgroup(root).killCounters()).count());
        assertEquals(0, new OomKills(List.of()).count());
    }

    @Test
    void thisMachineHasAtLeastOneCoreAndSomeMemory() {
        Devices here = Devices.here();
        System.out.println(here);
        assertTrue(here.limits().cores() >= 1 && here.limits().memoryBytes() > 0);
        assertTrue(!here.defaultDevices().isEmpty());
    }
}
