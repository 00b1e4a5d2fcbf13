package io.shardlab.magics.local;

import io.shardlab.cluster.Devices;
import io.shardlab.magics.backend.Diagnosis;
import java.awt.Font;
import java.awt.font.FontRenderContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What {@code doctor} looks at on this machine: each row says what was found and, where something is wrong, the one thing to do.
 *
 * @param root of the file system
 */
record Checkup(Devices devices, Path root, Map<String, String> environment) {

    private static final long SHARED_BYTES = 48L << 20;
    private static final long KERNEL_HEAP_BYTES = 200L << 20;
    private static final String JDK = "apt-get install openjdk-17-jdk-headless";
    private static final List<String> LIMITS = List.of("CPU_LIMIT", "MEM_LIMIT");

    static Checkup here(Devices devices) {
        return new Checkup(devices, Path.of("/"), System.getenv());
    }

    List<Diagnosis.DoctorRow> rows() {
        List<Diagnosis.DoctorRow> rows = new ArrayList<>();
        rows.add(row(
                "JDK",
                Runtime.version() + ", " + System.getProperty("java.vendor", "unknown vendor"),
                Runtime.version().feature() >= 17,
                "Java 17 or newer is needed: " + JDK));
        boolean jshell = ModuleLayer.boot().findModule("jdk.jshell").isPresent();
        rows.add(row("jdk.jshell", jshell ? "present" : "missing", jshell, "cells need a full JDK: " + JDK));
        long heap = Runtime.getRuntime().maxMemory();
        rows.add(row(
                "kernel heap",
                megabytes(heap),
                heap >= KERNEL_HEAP_BYTES,
                "long outputs want 200 MB; -Xmx256m in the variable JJAVA_JVM_OPTS sets it"));
        rows.add(natives());
        rows.add(gpus());
        rows.add(row("cores", devices.limits().cores() + " (" + devices.limits().coresSource() + ")", true, ""));
        rows.add(row(
                "memory",
                megabytes(devices.limits().memoryBytes()) + " ("
                        + devices.limits().memorySource() + ")",
                devices.limits().memoryBytes() >= 1L << 30,
                "under 1 GB there is room for one or two workers with tiny models only"));
        LIMITS.forEach(name -> misread(name).ifPresent(rows::add));
        rows.add(row(
                "/dev/shm",
                megabytes(devices.sharedFreeBytes()) + " free of " + megabytes(devices.sharedTotalBytes()),
                devices.sharedFreeBytes() >= SHARED_BYTES,
                "a job wants up to 48 MB; less makes it fall back to files (docker: --shm-size=256m)"));
        rows.add(row(
                "parent-death signal",
                devices.parentDeathSignal() ? "setpriv found" : "setpriv not found",
                devices.parentDeathSignal(),
                "apt-get install util-linux: without it a stopped worker outlives a killed kernel"));
        rows.add(row(
                "memory budgets",
                devices.memoryBudgets() ? "prlimit found" : "prlimit not found",
                devices.memoryBudgets(),
                "apt-get install util-linux to use --memory"));
        Optional<String> fonts = fontProblem();
        rows.add(row(
                "fonts",
                fonts.orElse("found"),
                fonts.isEmpty(),
                "apt-get install fontconfig fonts-dejavu-core; without fonts charts become tables"));
        return rows;
    }

    private static Diagnosis.DoctorRow row(String subject, String finding, boolean healthy, String advice) {
        return new Diagnosis.DoctorRow(subject, finding, healthy, healthy ? "" : advice);
    }

    private static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%,d MB", bytes >> 20);
    }

    /** In the jars, and unpacked where DJL unpacks them. */
    private Diagnosis.DoctorRow natives() {
        String path = System.getProperty("shardlab.worker.classpath", System.getProperty("java.class.path", ""));
        if (!path.contains("pytorch-native-cpu")) {
            return row("DJL natives", "not on the workers' class path", false, "./lab setup puts them there");
        }
        Optional<String> unpacked = unpacked();
        return row(
                "DJL natives",
                unpacked.map(version -> "PyTorch " + version + ", unpacked")
                        .orElse("PyTorch on the workers' class path, not unpacked yet"),
                unpacked.isPresent(),
                "the first `%shard up` unpacks them, which takes up to a minute; ./lab setup does it beforehand");
    }

    /** The folder of a version below DJL's cache that holds a library. */
    private Optional<String> unpacked() {
        String home = System.getProperty("user.home", ".");
        Path cache = Path.of(environment.getOrDefault(
                "ENGINE_CACHE_DIR", environment.getOrDefault("DJL_CACHE_DIR", home + "/.djl.ai")));
        try (Stream<Path> versions = Files.list(cache.resolve("pytorch"))) {
            return versions.filter(version -> Files.exists(version.resolve("libtorch_cpu.so"))
                            || Files.exists(version.resolve("libtorch.so")))
                    .map(version -> String.valueOf(version.getFileName()))
                    .sorted()
                    .reduce((earlier, later) -> later);
        } catch (IOException nothingThere) {
            return Optional.empty();
        }
    }

    private Diagnosis.DoctorRow gpus() {
        if (!devices.gpus().isEmpty()) {
            String driver = devices.gpus().get(0).driver();
            return row("GPUs", devices.gpus().size() + " visible, driver " + driver, true, "");
        }
        boolean driver = Files.exists(root.resolve("proc/driver/nvidia/version"));
        String restricted = environment.containsKey("CUDA_VISIBLE_DEVICES")
                ? "CUDA_VISIBLE_DEVICES='" + environment.get("CUDA_VISIBLE_DEVICES") + "' hides them"
                : "nvidia-smi lists none: is it on the PATH, and may this container use the devices (docker: --gpus all)?";
        return row(
                "GPUs",
                driver ? "none visible, though there is a driver" : "none; workers run on cores",
                !driver,
                restricted);
    }

    /** Limits that are no plain numbers are not limits; whoever set one should know. */
    private Optional<Diagnosis.DoctorRow> misread(String name) {
        String text = environment.getOrDefault(name, "").strip();
        if (text.isEmpty() || text.matches("\\d{1,18}(\\.\\d{1,9})?")) {
            return Optional.empty();
        }
        String unit = name.equals("CPU_LIMIT") ? "cores, such as 2 or 0.5" : "bytes, such as 2147483648";
        return Optional.of(row(name, "'" + text + "' is not understood, and no limit", false, "set it to " + unit));
    }

    private static Optional<String> fontProblem() {
        try {
            new Font(Font.SANS_SERIF, Font.PLAIN, 12).getStringBounds("x", new FontRenderContext(null, true, true));
            return Optional.empty();
        } catch (RuntimeException | Error e) {
            // AWT reports missing fonts as Error, and missing fontconfig as NullPointerException.
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
