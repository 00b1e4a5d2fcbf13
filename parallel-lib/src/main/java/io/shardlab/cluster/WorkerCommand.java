package io.shardlab.cluster;

import io.shardlab.mesh.Device;
import io.shardlab.run.Seat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The command line and environment of a worker JVM on this host. */
final class WorkerCommand {

    private static final String PYTORCH_VERSION = "2.7.1";
    private static final long MIB = 1 << 20;
    private static final long DIRECT_BYTES = 1024 * MIB;
    private static final long KEPT_BYTES = 1L << 40;

    /** Would print into cells or change what is set here. */
    private static final List<String> NOT_INHERITED =
            List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH");

    /** Names the class-data archive of workers. */
    private static final String ARCHIVE_PROPERTY = "shardlab.worker.archive";

    /** What a cell goes through in a worker: compiled after some hundred calls, while a user thinks about the next cell. */
    private static final List<String> COMPILED_EARLY = List.of(
            "io.shardlab.cluster.*",
            "io.shardlab.cell.*",
            "io.shardlab.run.RankRunner",
            "io.shardlab.run.RankCells",
            "io.shardlab.run.CellBytes*");

    private final List<Path> classpath;
    private final Optional<String> executor;
    private final Map<String, String> searched;

    /**
     * @param executor class of an {@link ExecutorSource} for tests; the product's own otherwise
     * @param environment in which programs are looked for
     */
    WorkerCommand(List<Path> classpath, Optional<String> executor, Map<String, String> environment) {
        this.classpath = List.copyOf(classpath);
        this.executor = executor;
        this.searched = Map.copyOf(environment);
    }

    /** Classes in the form in which a JVM maps them, made by {@link Rehearsal}; one that does not fit is ignored. */
    private static Optional<String> archive() {
        return Optional.ofNullable(System.getProperty(ARCHIVE_PROPERTY))
                .filter(file -> Files.isReadable(Path.of(file)));
    }

    /** What a user should know about this host before starting. */
    List<String> shortcomings(ClusterSpec spec) {
        List<String> texts = new ArrayList<>();
        if (spec.memoryBytes().isPresent() && program("prlimit").isEmpty()) {
            texts.add("The memory budget is not enforced: prlimit (package util-linux) was not found");
        }
        boolean gpu = spec.devices().stream().anyMatch(device -> device.kind() == Device.Kind.GPU);
        if (gpu && gpuFlavor().equals("cpu")) {
            texts.add("No PyTorch library for GPUs was found (pytorch-native-cu128 or PYTORCH_LIBRARY_PATH)");
        }
        return texts;
    }

    List<String> arguments(ClusterSpec spec, Path crashLog) {
        List<String> command = new ArrayList<>();
        program("setpriv").ifPresent(path -> command.addAll(List.of(path, "--pdeathsig", "KILL", "--")));
        spec.memoryBytes()
                .flatMap(bytes -> program("prlimit").map(path -> List.of(path, "--data=" + bytes, "--")))
                .ifPresent(command::addAll);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags(spec, crashLog));
        command.add(WorkerMain.class.getName());
        return command;
    }

    private List<String> flags(ClusterSpec spec, Path crashLog) {
        List<String> flags = new ArrayList<>(List.of(
                "-XX:+UseSerialGC",
                "-Xms16m",
                "-Xmx" + spec.heapBytes(),
                "-Xss512k",
                "-XX:MaxDirectMemorySize=" + spec.memoryBytes().orElse(DIRECT_BYTES),
                "-XX:ReservedCodeCacheSize=64m",
                "-Xshare:auto",
                // Several JVMs start at once: compiling less of what runs only while starting saves a tenth of the
                // time.
                "-XX:CompileThresholdScaling=3",
                "-XX:CompileCommand=quiet",
                "-XX:+ExitOnOutOfMemoryError",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:-UsePerfData",
                "-XX:ErrorFile=" + crashLog,
                "-Djava.awt.headless=true",
                "-Djdk.serialFilter=!*",
                "-Dai.djl.offline=true",
                "-Dai.djl.pytorch.num_threads=" + spec.threads(),
                "-Dai.djl.pytorch.num_interop_threads=1"));
        COMPILED_EARLY.forEach(
                classes -> flags.add("-XX:CompileCommand=CompileThresholdScaling," + classes + "::*,0.1"));
        archive().ifPresent(file -> flags.addAll(List.of("-XX:SharedArchiveFile=" + file, "-Xlog:cds*=off")));
        executor.ifPresent(name -> flags.add("-D" + WorkerMain.EXECUTOR_PROPERTY + "=" + name));
        Optional.ofNullable(System.getProperty(Seat.OVERLAP_PROPERTY))
                .ifPresent(value -> flags.add("-D" + Seat.OVERLAP_PROPERTY + "=" + value));
        if (spec.debug()) {
            flags.add("-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:0");
        }
        flags.add("-cp");
        flags.add(classpath.stream().map(Path::toString).collect(Collectors.joining(":")));
        return flags;
    }

    /** Completes the inherited {@code environment}. */
    void fill(Map<String, String> environment, ClusterSpec spec, Device device, List<Gpu> gpus) {
        NOT_INHERITED.forEach(environment::remove);
        boolean gpu = device.kind() == Device.Kind.GPU;
        environment.put("OPT_OUT_TRACKING", "true");
        environment.put("DJL_OFFLINE", "true");
        environment.put("PYTORCH_FLAVOR", gpu ? gpuFlavor() : "cpu");
        environment.put("PYTORCH_VERSION", PYTORCH_VERSION);
        environment.put("OMP_NUM_THREADS", Integer.toString(spec.threads()));
        environment.put("OMP_WAIT_POLICY", "passive");
        // One heap that never shrinks while a plan is placed: freed tensors are the next ones' memory. With several
        // heaps, or by the usual rules, a step gave 10 to 40 MB back and had them cleared again.
        environment.put("MALLOC_ARENA_MAX", "1");
        environment.put("MALLOC_TRIM_THRESHOLD_", Long.toString(KEPT_BYTES));
        environment.put("MALLOC_MMAP_THRESHOLD_", Long.toString(32 * MIB));
        // Tensors on huge pages, where the system lets programs ask for them: 3 % of a training step.
        environment.putIfAbsent("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
        // A worker sees its own GPU only, as number 0.
        environment.put("CUDA_VISIBLE_DEVICES", gpu ? gpuName(device, gpus) : "");
    }

    private String gpuFlavor() {
        String wanted = searched.getOrDefault("PYTORCH_FLAVOR", "");
        if (wanted.startsWith("cu")) {
            return wanted;
        }
        boolean bundled = classpath.stream().anyMatch(path -> path.toString().contains("pytorch-native-cu128"));
        return bundled || searched.containsKey("PYTORCH_LIBRARY_PATH") ? "cu128" : "cpu";
    }

    private static String gpuName(Device device, List<Gpu> gpus) {
        return device.index() < gpus.size() ? gpus.get(device.index()).uuid() : Integer.toString(device.index());
    }

    private Optional<String> program(String name) {
        return program(name, searched);
    }

    /** Looks for a program in {@code PATH} and where such programs usually are. */
    static Optional<String> program(String name, Map<String, String> environment) {
        String path = environment.getOrDefault("PATH", "") + ":/usr/bin:/bin:/usr/sbin:/sbin";
        return List.of(path.split(":")).stream()
                .filter(folder -> folder.startsWith("/"))
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst();
    }
}
