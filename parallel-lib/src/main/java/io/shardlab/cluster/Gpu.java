package io.shardlab.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A GPU as the driver reports it. Nothing here touches CUDA: the kernel must never make a context.
 *
 * @param index number given by the driver, which is not always its place among the visible ones
 * @param driver version of the driver
 */
public record Gpu(int index, String uuid, String name, long memoryBytes, String driver) {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final List<String> QUERY =
            List.of("--query-gpu=index,uuid,name,memory.total,driver_version", "--format=csv,noheader,nounits");

    /** Asks {@code nvidia-smi}, where there is one; keeps what {@code CUDA_VISIBLE_DEVICES} allows, in its order. */
    static List<Gpu> query(Map<String, String> environment) {
        List<Gpu> all = WorkerCommand.program("nvidia-smi", environment)
                .map(program -> parse(run(Path.of(program), PATIENCE)))
                .orElse(List.of());
        return visible(all, Optional.ofNullable(environment.get("CUDA_VISIBLE_DEVICES")));
    }

    /** What the program prints; nothing if it fails or takes too long. */
    static String run(Path program, Duration patience) {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(QUERY);
        try {
            Path answer = Files.createTempFile("shardlab-gpus", ".csv");
            try {
                // Through a file: a program that hangs must not leave a reader behind.
                Process process = new ProcessBuilder(command)
                        .redirectOutput(answer.toFile())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
                if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.destroyForcibly();
                    return "";
                }
                return process.exitValue() == 0 ? Files.readString(answer, StandardCharsets.UTF_8) : "";
            } finally {
                Files.deleteIfExists(answer);
            }
        } catch (IOException absent) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    /** Reads lines such as {@code 0, GPU-8f…, NVIDIA A100-SXM4-40GB, 40960, 535.104.05}; others are skipped. */
    static List<Gpu> parse(String csv) {
        List<Gpu> gpus = new ArrayList<>();
        for (String line : csv.lines().toList()) {
            String[] cells = line.strip().split("\\s*,\\s*", -1);
            if (cells.length == 5 && cells[0].matches("\\d{1,4}") && cells[3].matches("\\d{1,9}")) {
                long bytes = Long.parseLong(cells[3]) << 20;
                gpus.add(new Gpu(Integer.parseInt(cells[0]), cells[1], cells[2], bytes, cells[4]));
            }
        }
        return List.copyOf(gpus);
    }

    /** As CUDA does: numbers or UUID prefixes; the first one that fits nothing ends the list; empty means none. */
    static List<Gpu> visible(List<Gpu> all, Optional<String> restriction) {
        if (restriction.isEmpty()) {
            return all;
        }
        List<Gpu> kept = new ArrayList<>();
        for (String word : restriction.get().split(",", -1)) {
            String name = word.strip();
            Optional<Gpu> match = all.stream().filter(gpu -> gpu.isNamed(name)).findFirst();
            if (match.isEmpty()) {
                break;
            }
            kept.add(match.get());
        }
        return List.copyOf(kept);
    }

    private boolean isNamed(String word) {
        return word.equals(Integer.toString(index)) || (word.startsWith("GPU-") && uuid.startsWith(word));
    }
}
