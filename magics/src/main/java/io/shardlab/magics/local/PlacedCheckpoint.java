package io.shardlab.magics.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.shardlab.cluster.WorkerEvent;
import io.shardlab.magics.backend.Checkpointing;
import io.shardlab.magics.backend.Progress;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Presets;
import io.shardlab.plan.Json;
import io.shardlab.plan.Plan;
import io.shardlab.run.Checkpoints;
import io.shardlab.run.Event;
import io.shardlab.run.StopSignal;
import io.shardlab.run.TrainerState;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.FileFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;

/** Saves and loads the model that is placed on the workers. */
final class PlacedCheckpoint {

    private final Plan plan;
    private final Optional<ModelSpec> model;
    private final Checkpoints checkpoints;

    /** @param stopped whether the user wants it to end */
    PlacedCheckpoint(Plan plan, Optional<ModelSpec> model, Ranks ranks, Progress progress, BooleanSupplier stopped) {
        this.plan = plan;
        this.model = model;
        Checkpoints.Watcher percent = (what, done, total) ->
                progress.progress(what + " %", Math.min(100, 100 * done / Math.max(1, total)), 100);
        BiConsumer<Integer, Event> events = Checkpoints.sum(plan.mesh().size(), percent);
        checkpoints = new Checkpoints(
                request -> {
                    stop(stopped);
                    return ranks.ask(request, event -> {
                        if (event instanceof WorkerEvent.Said said) {
                            events.accept(said.rank(), said.event());
                        }
                    });
                },
                (what, done, total) -> {
                    stop(stopped);
                    percent.progress(what, done, total);
                });
    }

    /** Of the model on these workers, until the user asks to stop. */
    static PlacedCheckpoint of(RunningCluster cluster, Progress progress) {
        PlacedModel placed = cluster.placed();
        return new PlacedCheckpoint(
                placed.requirePlan(), placed.decoder(), cluster::askUnlessStopped, progress, cluster::stopping);
    }

    private static void stop(BooleanSupplier stopped) {
        if (stopped.getAsBoolean()) {
            throw new StopSignal.CancelledRun();
        }
    }

    /** @throws StopSignal.CancelledRun if it was stopped; an older checkpoint is then still there */
    Checkpointing.FilesOutcome save(Path folder, TrainerState state) {
        long start = System.nanoTime();
        try {
            Optional<Path> origin = model.filter(spec -> !Presets.all().contains(spec))
                    .map(spec -> Path.of(spec.name()))
                    .filter(Files::isDirectory);
            List<Checkpoints.TimedFile> files = checkpoints.save(folder, plan, state, config(origin), origin);
            return outcome(folder, state, files, start);
        } catch (IOException e) {
            throw new IllegalStateException(
                    "checkpoint '" + folder + "' cannot be written: " + new FileFailure(e).reason(), e);
        }
    }

    private Optional<JsonNode> config(Optional<Path> origin) throws IOException {
        return model.isEmpty() ? Optional.empty() : Optional.of(config(model.get(), plan.type(), origin));
    }

    /** The model's configuration, over what its folder says beyond that; what transformers 5 says twice is said alike. */
    static JsonNode config(ModelSpec model, TensorType type, Optional<Path> origin) throws IOException {
        ObjectNode config = Json.mapper().createObjectNode();
        if (origin.isPresent()
                && Json.mapper().readTree(origin.get().resolve("config.json").toFile()) instanceof ObjectNode known) {
            config = known;
        }
        config.setAll(model.toConfig());
        if (config.path("rope_parameters") instanceof ObjectNode rope) {
            rope.put("rope_theta", model.ropeTheta());
        }
        if (config.has("dtype")) {
            config.put("dtype", type.toString());
        }
        return config.put("torch_dtype", type.toString());
    }

    /** @throws StopSignal.CancelledRun if it was stopped before anything was replaced */
    Checkpointing.FilesOutcome load(Path folder) {
        long start = System.nanoTime();
        try {
            refuseOtherModel(folder);
            Checkpoints.Loaded loaded = checkpoints.load(folder, plan);
            return outcome(folder, loaded.state(), loaded.files(), start);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "checkpoint '" + folder + "' cannot be read: " + new FileFailure(e).reason(), e);
        }
    }

    /** Two models may have the same shapes and differ in what they compute. */
    private void refuseOtherModel(Path folder) throws IOException {
        Checkpoints.state(folder); // first, because it says best what is missing
        if (model.isEmpty() || !Files.exists(folder.resolve("config.json"))) {
            return;
        }
        ObjectNode here = model.get().toConfig();
        ObjectNode there = ModelSpec.read(folder).toConfig();
        List<String> differences = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : here.properties()) {
            JsonNode found = there.path(field.getKey());
            if (!field.getKey().equals("initializer_range") && !field.getValue().equals(found)) {
                differences.add(field.getKey() + " " + found + " instead of " + field.getValue());
            }
        }
        if (!differences.isEmpty()) {
            throw new IllegalArgumentException("'" + folder + "' holds another model than " + plan.model() + ": "
                    + String.join(", ", differences) + "; `%shard place " + folder + "` places that one");
        }
    }

    private static Checkpointing.FilesOutcome outcome(
            Path folder, TrainerState state, List<Checkpoints.TimedFile> files, long start) {
        List<Checkpointing.FileRow> rows = new ArrayList<>();
        for (Checkpoints.TimedFile file : files) {
            rows.add(new Checkpointing.FileRow(file.name(), file.bytes(), file.nanos() / 1e9));
        }
        long bytes = rows.stream().mapToLong(Checkpointing.FileRow::bytes).sum();
        rows.add(new Checkpointing.FileRow("all, checked", bytes, (System.nanoTime() - start) / 1e9));
        return new Checkpointing.FilesOutcome(folder, state, rows);
    }
}
