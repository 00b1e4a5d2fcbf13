package io.shardlab.magics.local;

import io.shardlab.cluster.Cluster;
import io.shardlab.cluster.ClusterSpec;
import io.shardlab.cluster.Devices;
import io.shardlab.cluster.Gpu;
import io.shardlab.magics.backend.Diagnosis;
import io.shardlab.magics.command.DeviceChoice;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.mesh.Device;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/** This machine, in the words of {@code devices}, {@code doctor} and {@code up}. */
record Machine(Devices devices) {

    private static final long WORKER_BYTES = 200L << 20;
    private static final double GIGABYTE = 1L << 30;

    /** The workers that options ask for. */
    ClusterSpec spec(UpOptions options) {
        List<Device> chosen = chosen(options.devices(), options.workers());
        long cpuWorkers = chosen.stream()
                .filter(device -> device.kind() == Device.Kind.CPU)
                .count();
        long room = devices.limits().memoryBytes();
        if (cpuWorkers * WORKER_BYTES > room) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "%d workers need about %.1f GB; this machine allows %.1f GB (%s), enough for %d",
                    cpuWorkers,
                    cpuWorkers * WORKER_BYTES / GIGABYTE,
                    room / GIGABYTE,
                    devices.limits().memorySource(),
                    Math.max(1, room / WORKER_BYTES)));
        }
        ClusterSpec spec = ClusterSpec.of(chosen, devices.limits().cores()).withDebug(options.debug());
        if (options.memoryBytes().isPresent()) {
            if (!devices.memoryBudgets()) {
                throw new IllegalArgumentException(
                        "--memory needs the program prlimit (util-linux), which is not here");
            }
            spec = spec.withMemory(options.memoryBytes().getAsLong());
        }
        if (options.link().isPresent()) {
            spec = spec.withLink(options.link().get());
        }
        if (options.threads().isPresent()) {
            spec = spec.withThreads(options.threads().getAsInt());
        }
        return options.heapBytes().isPresent()
                ? spec.withHeap(options.heapBytes().getAsLong())
                : spec;
    }

    private List<Device> chosen(DeviceChoice choice, OptionalInt workers) {
        int numGpus = devices.gpus().size();
        for (int gpu : choice.gpus()) {
            if (gpu >= numGpus) {
                throw new IllegalArgumentException(
                        "devices " + choice + ": GPU " + gpu + " is not visible here; " + gpusAllowed(numGpus));
            }
        }
        if (!choice.gpus().isEmpty()) {
            return choice.gpus().stream().map(Device::gpu).toList();
        }
        boolean onGpu = choice.kind().map(kind -> kind == Device.Kind.GPU).orElse(numGpus > 0);
        if (onGpu) {
            int count = workers.orElse(numGpus);
            boolean asked = choice.kind().isPresent();
            if (count > numGpus && asked || numGpus == 0) {
                String number = workers.isPresent() ? count + " asked for; " : "";
                throw new IllegalArgumentException("devices gpu: " + number + gpusAllowed(numGpus));
            }
            if (count <= numGpus) {
                return IntStream.range(0, count).mapToObj(Device::gpu).toList();
            }
        }
        int count = workers.orElse((int) devices.defaultDevices().stream()
                .filter(device -> device.kind() == Device.Kind.CPU)
                .count());
        return IntStream.range(0, Math.max(1, count)).mapToObj(Device::cpu).toList();
    }

    private static String gpusAllowed(int numGpus) {
        return numGpus == 0 ? "this machine shows no GPU; use -d cpu" : "visible: 0 to " + (numGpus - 1);
    }

    /** One line under the table of workers. */
    String banner(ClusterSpec spec, List<String> warnings) {
        boolean gpu = spec.devices().get(0).kind() == Device.Kind.GPU;
        String where = gpu
                ? "GPU: one device per worker"
                : "CPU: " + spec.numWorkers() + " workers share "
                        + devices.limits().cores() + " cores, " + spec.threads()
                        + (spec.threads() == 1 ? " thread" : " threads") + " each";
        String limit = spec.memoryBytes()
                .map(bytes -> String.format(
                        Locale.ROOT,
                        "; memory budget %.0f MB each, enforced (simulated device size)",
                        bytes / 1048576.0))
                .orElse("");
        String link = spec.link().map(line -> "; " + Estimates.label(line)).orElse("");
        return where + limit + link + (warnings.isEmpty() ? "" : ". " + String.join(". ", warnings));
    }

    List<Diagnosis.DeviceRow> rows() {
        List<Diagnosis.DeviceRow> rows = new ArrayList<>();
        for (int i = 0; i < devices.gpus().size(); i++) {
            Gpu gpu = devices.gpus().get(i);
            rows.add(new Diagnosis.DeviceRow(
                    "gpu:" + i,
                    gpu.name(),
                    OptionalLong.of(gpu.memoryBytes()),
                    OptionalInt.empty(),
                    true,
                    "driver " + gpu.driver() + "; GPU workers have not been tried on real hardware yet"));
        }
        int count = devices.limits().cores();
        for (int i = 0; i < count; i++) {
            rows.add(new Diagnosis.DeviceRow(
                    "cpu:" + i,
                    "a share of the cores",
                    OptionalLong.of(devices.limits().memoryBytes() / count),
                    OptionalInt.of(1),
                    true,
                    "more workers than cores share them"));
        }
        return rows;
    }

    Map<String, Object> environment(Cluster cluster) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("cores", devices.limits().cores());
        facts.put("coresSource", devices.limits().coresSource());
        facts.put("memoryBytes", devices.limits().memoryBytes());
        facts.put("memorySource", devices.limits().memorySource());
        facts.put(
                "devices",
                cluster.spec().devices().stream().map(Object::toString).toList());
        facts.put("threadsPerWorker", cluster.spec().threads());
        cluster.spec().memoryBytes().ifPresent(bytes -> facts.put("memoryLimitBytes", bytes));
        facts.put("java", Runtime.version().toString());
        cluster.status().stream()
                .flatMap(status -> status.note().engine().stream())
                .findFirst()
                .ifPresent(engine -> facts.put("engine", engine));
        cluster.spec().link().ifPresent(link -> {
            facts.put("link", Estimates.label(link));
            facts.put("linkBytesPerSecond", link.bytesPerSecond());
            facts.put("linkLatencyNanos", link.latencyNanos());
        });
        facts.put(
                "simulated",
                cluster.spec().memoryBytes().isPresent()
                        || cluster.spec().link().isPresent());
        return facts;
    }
}
