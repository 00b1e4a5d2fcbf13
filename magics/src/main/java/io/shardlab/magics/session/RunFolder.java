package io.shardlab.magics.session;

import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.shardlab.magics.backend.Measures;
import io.shardlab.magics.backend.Runs;
import io.shardlab.plan.Json;
import io.shardlab.plan.Plan;
import io.shardlab.trace.ChromeTrace;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.StepMetrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The files of one run: {@code plan.json}, {@code metrics.jsonl}, {@code trace.json}, {@code summary.json}. */
final class RunFolder {

    private final Path folder;

    private RunFolder(Path folder) {
        this.folder = folder;
    }

    /** The next free number below {@code home/runs}; taken by creating the folder, so two kernels never share one. */
    static RunFolder create(Path home, String name, Plan plan) {
        try {
            Path runs = Files.createDirectories(home.resolve("runs"));
            Path claim = claim(runs);
            String number = String.valueOf(claim.getFileName()).substring(1);
            Path folder = Files.move(claim, runs.resolve(number + "-" + name));
            RunFolder run = new RunFolder(folder);
            run.write("plan.json", Json.mapper().valueToTree(plan));
            return run;
        } catch (IOException unwritable) {
            throw new UncheckedIOException("run folder below " + home + " cannot be made", unwritable);
        }
    }

    /** A hidden folder that stands for a number nobody else has: names differ, so the number alone is claimed. */
    private static Path claim(Path runs) throws IOException {
        int number = 1 + last(runs);
        while (true) {
            Path claim = runs.resolve("." + number);
            try {
                Files.createDirectory(claim);
                if (!taken(runs, number)) {
                    return claim;
                }
                Files.delete(claim); // another kernel claimed and named it since we looked
            } catch (FileAlreadyExistsException claimed) {
                // another kernel is claiming it now
            }
            number++;
        }
    }

    private static boolean taken(Path runs, int number) throws IOException {
        try (Stream<Path> list = Files.list(runs)) {
            return list.anyMatch(path -> String.valueOf(path.getFileName()).startsWith(number + "-"));
        }
    }

    private static int last(Path runs) throws IOException {
        try (Stream<Path> list = Files.list(runs)) {
            return list.map(path -> String.valueOf(path.getFileName()).replaceFirst("^\\.", ""))
                    .filter(name -> name.matches("[0-9]{1,8}(-.*)?"))
                    .mapToInt(name -> Integer.parseInt(name.split("-", 2)[0]))
                    .max()
                    .orElse(0);
        }
    }

    Path path() {
        return folder;
    }

    /** Appends one line, as the step ends. */
    synchronized void step(StepMetrics metrics) {
        try {
            Files.writeString(
                    folder.resolve("metrics.jsonl"),
                    Json.mapper().writeValueAsString(metrics) + "\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException unwritable) {
            throw new UncheckedIOException(unwritable);
        }
    }

    void finish(Run run) {
        Runs.TrainOutcome outcome = run.outcome();
        write("plan.json", Json.mapper().valueToTree(outcome.plan()));
        try {
            ChromeTrace.write(outcome.recent(), roles(outcome.plan()), folder.resolve("trace.json"));
        } catch (IOException unwritable) {
            throw new UncheckedIOException(unwritable);
        }
        write("summary.json", summary(run));
    }

    /** What people call each rank of a plan. */
    static List<String> roles(Plan plan) {
        return IntStream.range(0, plan.mesh().size())
                .mapToObj(plan.mesh()::role)
                .toList();
    }

    private void write(String name, JsonNode json) {
        try {
            Json.mapper()
                    .writer(new DefaultPrettyPrinter())
                    .writeValue(folder.resolve(name).toFile(), json);
        } catch (IOException unwritable) {
            throw new UncheckedIOException(unwritable);
        }
    }

    private static ObjectNode summary(Run run) {
        Runs.TrainOutcome outcome = run.outcome();
        ObjectNode summary = Json.mapper().createObjectNode();
        summary.put("scheme", outcome.plan().scheme().toString());
        summary.put("model", outcome.plan().model());
        summary.put("steps", outcome.stepsDone());
        put(summary, "tokensPerSecond", run.tokensPerSecond());
        if (!outcome.metrics().isEmpty()) {
            ObjectNode step = summary.putObject("stepMillis");
            put(step, "median", run.stepMillis(0.5));
            put(step, "p95", run.stepMillis(0.95));
        }
        if (outcome.predictedStepMillis().isPresent()) {
            ObjectNode predicted = summary.putObject("predicted");
            put(predicted, "stepMillis", outcome.predictedStepMillis());
            put(predicted, "tokensPerSecond", outcome.predictedTokensPerSecond());
        }
        if (!outcome.time().isEmpty()) {
            ObjectNode time = summary.putObject("time");
            for (Runs.TimeTerm term : outcome.time()) {
                ObjectNode entry = time.putObject(term.name());
                put(entry, "predictedMillis", term.predictedMillis());
                put(entry, "measuredMillis", term.measuredMillis());
            }
        }
        memory(summary, outcome);
        communication(summary, outcome);
        if (!outcome.environment().isEmpty()) {
            summary.set("environment", Json.mapper().valueToTree(outcome.environment()));
        }
        return summary;
    }

    private static void memory(ObjectNode summary, Runs.TrainOutcome outcome) {
        if (outcome.memory().isEmpty()) {
            return;
        }
        ArrayNode memory = summary.putArray("memory");
        for (Measures.MemoryRow row : outcome.memory()) {
            ObjectNode entry = memory.addObject();
            entry.put("rank", row.rank()).put("role", row.role()).put("device", row.device());
            for (MemoryCategory category : MemoryCategory.values()) {
                Long measured = row.measured().bytes().get(category);
                Long planned =
                        row.planned().map(use -> use.bytes().get(category)).orElse(null);
                if (measured != null || planned != null) {
                    ObjectNode bytes = entry.putObject(category.fileName());
                    if (planned != null) {
                        bytes.put("predictedBytes", planned);
                    }
                    if (measured != null) {
                        bytes.put("measuredBytes", measured);
                    }
                }
            }
        }
    }

    private static void communication(ObjectNode summary, Runs.TrainOutcome outcome) {
        if (outcome.communication().isEmpty()) {
            return;
        }
        ArrayNode communication = summary.putArray("communication");
        for (Runs.Traffic traffic : outcome.communication()) {
            ObjectNode entry = communication.addObject();
            entry.put("axis", traffic.axis()).put("collective", traffic.collective());
            ObjectNode expected = entry.putObject("expected");
            put(expected, "count", traffic.expectedCount());
            put(expected, "bytes", traffic.expectedBytes());
            ObjectNode counted = entry.putObject("counted");
            put(counted, "count", traffic.countedCount());
            put(counted, "bytes", traffic.countedBytes());
        }
    }

    private static void put(ObjectNode node, String field, OptionalDouble value) {
        value.ifPresent(known -> node.put(field, known));
    }

    private static void put(ObjectNode node, String field, OptionalLong value) {
        value.ifPresent(known -> node.put(field, known));
    }
}
