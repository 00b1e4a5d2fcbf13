package io.shardlab.trace;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.shardlab.plan.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * The value of {@code summary.json}: what a run was, how fast, and how that compares to the estimate.
 *
 * <p>Field names are promises. What is unknown is absent from the file, never zero.
 *
 * @param scheme for instance {@code tp=2}
 * @param model its name
 * @param steps trained
 * @param tokensPerSecond median over the steps
 * @param stepMillis of the steps
 * @param predicted before the run
 * @param time of one step, term by term
 * @param memory high-water marks per rank
 * @param communication of one step, all ranks together, per collective and axis
 * @param environment where it ran
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record RunSummary(
        String scheme,
        String model,
        int steps,
        double tokensPerSecond,
        StepMillis stepMillis,
        Optional<Predicted> predicted,
        Map<TimeTerm, Term> time,
        List<RankMemory> memory,
        List<Communication> communication,
        Optional<Environment> environment) {

    /** Of the steps of a run. */
    public record StepMillis(double median, double p95) {}

    /** What the estimate said before the run. */
    public record Predicted(double stepMillis, double tokensPerSecond) {}

    /** One term of the step's time. */
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Term(OptionalDouble predictedMillis, OptionalDouble measuredMillis) {}

    /** High-water bytes of one category. */
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Bytes(OptionalLong predictedBytes, OptionalLong measuredBytes) {}

    /** One rank's memory; in the file the categories stand beside {@code rank}. */
    public record RankMemory(int rank, @JsonAnyGetter Map<String, Bytes> categories) {

        public RankMemory {
            categories = Collections.unmodifiableMap(new LinkedHashMap<>(categories));
        }

        /** Puts an estimate and a measurement of one rank side by side. */
        public static RankMemory of(MemoryUse predicted, MemoryUse measured) {
            Map<String, Bytes> categories = new LinkedHashMap<>();
            for (MemoryCategory category : MemoryCategory.values()) {
                OptionalLong expected = bytes(predicted, category);
                OptionalLong found = bytes(measured, category);
                if (expected.isPresent() || found.isPresent()) {
                    categories.put(category.fileName(), new Bytes(expected, found));
                }
            }
            return new RankMemory(measured.rank(), categories);
        }

        private static OptionalLong bytes(MemoryUse use, MemoryCategory category) {
            Long value = use.bytes().get(category);
            return value == null ? OptionalLong.empty() : OptionalLong.of(value);
        }

        @JsonCreator
        static RankMemory read(Map<String, Object> fields) {
            Map<String, Bytes> categories = new LinkedHashMap<>();
            fields.forEach((name, value) -> {
                if (!name.equals("rank")) {
                    categories.put(name, Json.mapper().convertValue(value, Bytes.class));
                }
            });
            return new RankMemory(Json.mapper().convertValue(fields.get("rank"), int.class), categories);
        }
    }

    /** How often and how much. */
    public record Volume(long count, long bytes) {}

    /** One collective on one axis ({@code tp}, {@code pp}, {@code dp}). */
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Communication(String collective, String axis, Optional<Volume> expected, Optional<Volume> counted) {}

    /**
     * Where a run took place.
     *
     * @param cores of the host
     * @param devices of the ranks, in order
     * @param limits in bytes or bytes per second, by name; simulated ones too
     * @param versions of Java, engine, shardlab …
     * @param simulated whether any limit or link speed was simulated
     */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Environment(
            int cores,
            List<String> devices,
            Map<String, Long> limits,
            Map<String, String> versions,
            boolean simulated) {

        /** Lists and maps that a file leaves out arrive as null. */
        public Environment {
            devices = devices == null ? List.of() : List.copyOf(devices);
            limits = limits == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(limits));
            versions = versions == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(versions));
        }
    }

    /** Lists and maps that a file leaves out arrive as null. */
    public RunSummary {
        time = time == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(time));
        memory = memory == null ? List.of() : List.copyOf(memory);
        communication = communication == null ? List.of() : List.copyOf(communication);
    }

    public void write(Path file) throws IOException {
        Json.mapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), this);
    }

    public static RunSummary read(Path file) throws IOException {
        return Json.mapper().readValue(file.toFile(), RunSummary.class);
    }
}
