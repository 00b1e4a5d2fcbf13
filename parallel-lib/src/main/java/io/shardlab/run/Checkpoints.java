package io.shardlab.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import io.shardlab.plan.Json;
import io.shardlab.plan.Plan;
import io.shardlab.weights.CheckpointDraft;
import io.shardlab.weights.CheckpointFolder;
import io.shardlab.weights.SafetensorsFolder;
import io.shardlab.weights.SafetensorsLayout;
import io.shardlab.weights.TensorFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Saves and loads the placed model of a group of ranks. The ranks read and write tensors; this side makes the files, checks
 * that they are whole, and puts them in place.
 */
public final class Checkpoints {

    /** Hears how far it has come; throws {@link StopSignal.CancelledRun} where the user wants it to stop. */
    public interface Watcher {
        void progress(String what, long done, long total);
    }

    /** One file that ranks wrote or read; {@code nanos} is the time of the slowest rank, forcing to disk included. */
    public record TimedFile(String name, long bytes, long nanos) {}

    /** A checkpoint that was loaded. */
    public record Loaded(TrainerState state, List<TimedFile> files) {}

    private static final String[] COMPANIONS = {
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "tokenizer.model",
        "vocab.json",
        "merges.txt",
        "chat_template.jinja",
        "generation_config.json"
    };

    /** Room for what lies beside the tensors. */
    private static final long SMALL_FILES_BYTES = 1 << 20;

    private final Function<Request, List<Reply>> ranks;
    private final Watcher watcher;
    private final long maxFileBytes;

    /**
     * @param ranks asks all ranks and waits for their replies; throws if one failed
     * @param watcher hears of reading and writing on this side only
     */
    public Checkpoints(Function<Request, List<Reply>> ranks, Watcher watcher) {
        this(ranks, watcher, SafetensorsLayout.MAX_FILE_BYTES);
    }

    Checkpoints(Function<Request, List<Reply>> ranks, Watcher watcher, long maxFileBytes) {
        this.ranks = ranks;
        this.watcher = watcher;
        this.maxFileBytes = maxFileBytes;
    }

    /** Refuses a folder that could not be saved into now, as {@link #save} would; for those who save later. */
    public static void require(Path folder) throws IOException {
        CheckpointDraft.begin(folder, 0).close();
    }

    /** The same, and refuses a disk without room for a plan's weights and optimizer state. */
    public static void require(Path folder, Plan plan) throws IOException {
        Map<String, Long> files = CheckpointFiles.fileBytes(plan, true, SafetensorsLayout.MAX_FILE_BYTES);
        CheckpointDraft.begin(folder, total(files) + SMALL_FILES_BYTES).close();
    }

    private static long total(Map<String, Long> files) {
        return files.values().stream().mapToLong(Long::longValue).sum();
    }

    /**
     * Saves the placed model; an older checkpoint in the folder is replaced when the new one is complete.
     *
     * @param config of the model, for {@code config.json}; none for models that have no such description
     * @param origin folder that the model came from: its tokenizer is kept, and what else its configuration says
     * @throws StopSignal.CancelledRun if it was stopped; the folder is as it was
     */
    public List<TimedFile> save(
            Path folder, Plan plan, TrainerState state, Optional<JsonNode> config, Optional<Path> origin)
            throws IOException {
        Map<String, Long> files = CheckpointFiles.fileBytes(plan, state.step() > 0, maxFileBytes);
        long total = total(files);
        try (CheckpointDraft draft = CheckpointDraft.begin(folder, total + SMALL_FILES_BYTES)) {
            for (CheckpointFiles.Kind kind : CheckpointFiles.Kind.values()) {
                if (kind == CheckpointFiles.Kind.WEIGHTS || state.step() > 0) {
                    kind.layout(plan, maxFileBytes)
                            .create(Files.createDirectories(draft.folder().resolve(kind.folder())));
                }
            }
            List<Reply> replies = ranks.apply(new Request.Save(draft.folder().toString(), maxFileBytes));
            List<TimedFile> saved = merge(replies, files, state.step(), plan);
            writeCompanions(draft, plan, config, origin);
            long[] done = {0};
            draft.commit(Json.mapper().valueToTree(state), bytes -> {
                done[0] += bytes;
                watcher.progress("checking", done[0], total);
            });
            return saved;
        }
    }

    /** What all ranks wrote, by file; fails unless together they wrote every byte. */
    private List<TimedFile> merge(List<Reply> replies, Map<String, Long> files, int step, Plan plan) {
        long written = 0;
        for (int rank = 0; rank < replies.size(); rank++) {
            if (!(replies.get(rank) instanceof Reply.Filed saved)) {
                throw new StopSignal.CancelledRun();
            }
            if (rank < plan.mesh().size() && saved.step() != step) {
                throw new IllegalStateException("rank " + rank + " has done " + saved.step()
                        + " optimizer steps, expected " + step + "; nothing was saved");
            }
            written += saved.files().stream()
                    .mapToLong(TensorFiles.FileTime::bytes)
                    .sum();
        }
        long expected = 0;
        for (CheckpointFiles.Kind kind : CheckpointFiles.Kind.values()) {
            if (kind == CheckpointFiles.Kind.WEIGHTS || step > 0) {
                expected += kind.layout(plan, maxFileBytes).dataBytes();
            }
        }
        if (written != expected) {
            throw new IllegalStateException(
                    "ranks wrote " + written + " bytes of tensors, expected " + expected + "; nothing was saved");
        }
        return timed(replies, files);
    }

    /** The slowest rank's time for each file. */
    private static List<TimedFile> timed(List<Reply> replies, Map<String, Long> files) {
        Map<String, Long> nanos = new TreeMap<>();
        for (Reply reply : replies) {
            if (reply instanceof Reply.Filed filed) {
                filed.files().forEach(file -> nanos.merge(file.file(), file.nanos(), Math::max));
            }
        }
        List<TimedFile> timed = new ArrayList<>();
        nanos.forEach((name, time) -> timed.add(new TimedFile(name, files.getOrDefault(name, 0L), time)));
        return timed;
    }

    private void writeCompanions(CheckpointDraft draft, Plan plan, Optional<JsonNode> config, Optional<Path> origin)
            throws IOException {
        if (config.isPresent()) {
            draft.write("config.json", pretty(config.get()));
        }
        Optional<? extends JsonNode> index =
                CheckpointFiles.Kind.WEIGHTS.layout(plan, maxFileBytes).index();
        if (index.isPresent()) {
            draft.write("model.safetensors.index.json", pretty(index.get()));
        }
        if (origin.isPresent()) {
            for (String name : COMPANIONS) {
                Path file = origin.get().resolve(name);
                if (Files.isRegularFile(file)) {
                    draft.write(name, Files.readAllBytes(file));
                }
            }
        }
    }

    private static byte[] pretty(JsonNode json) throws JsonProcessingException {
        return Json.mapper().writer(new DefaultPrettyPrinter()).writeValueAsBytes(json);
    }

    /** What a checkpoint says about itself; only {@code checkpoint.json} is read. */
    public static TrainerState state(Path folder) throws IOException {
        return state(CheckpointFolder.open(folder));
    }

    private static TrainerState state(CheckpointFolder checkpoint) {
        try {
            return Json.read(checkpoint.state(), TrainerState.class);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(checkpoint.folder() + "/checkpoint.json: state " + e.getMessage(), e);
        }
    }

    /**
     * Replaces the placed model's weights and optimizer state by a checkpoint's, whatever layouts the two have. Everything that
     * can be wrong with the files is looked for before anything is replaced.
     *
     * @throws io.shardlab.weights.DamagedFileException if a file is not what was saved, or holds another model
     * @throws StopSignal.CancelledRun if it was stopped before anything was replaced
     */
    public Loaded load(Path folder, Plan plan) throws IOException {
        CheckpointFolder checkpoint = CheckpointFolder.open(folder);
        TrainerState state = state(checkpoint);
        checkpoint.requireFiles();
        for (CheckpointFiles.Kind kind : CheckpointFiles.Kind.values()) {
            if (kind == CheckpointFiles.Kind.WEIGHTS || state.step() > 0) {
                Path tensorFolder = folder.resolve(kind.folder());
                if (!Files.isDirectory(tensorFolder)) {
                    throw new IllegalArgumentException("checkpoint '" + folder + "' is of step " + state.step()
                            + ", but its folder " + kind.folder() + " is missing");
                }
                try (SafetensorsFolder tensors = SafetensorsFolder.open(tensorFolder)) {
                    tensors.verify(plan.parameters());
                }
            }
        }
        long[] done = {0};
        checkpoint.verify(bytes -> {
            done[0] += bytes;
            watcher.progress("checking", done[0], checkpoint.totalBytes());
        });
        List<Reply> replies =
                ranks.apply(new Request.Load(folder.toAbsolutePath().toString(), state.step()));
        if (!replies.stream().allMatch(Reply.Filed.class::isInstance)) {
            throw new IllegalStateException("not every rank has loaded its part: " + replies);
        }
        Map<String, Long> bytes = new HashMap<>();
        checkpoint.files().forEach(file -> bytes.put(file.name(), file.bytes()));
        return new Loaded(state, timed(replies, bytes));
    }

    /** Adds up the progress of all ranks: gives each rank's {@link Event.Progress} on as one sum. */
    public static BiConsumer<Integer, Event> sum(int numRanks, Watcher watcher) {
        Map<Integer, Event.Progress> byRank = new HashMap<>();
        return (rank, event) -> {
            if (event instanceof Event.Progress progress) {
                byRank.put(rank, progress);
                long done =
                        byRank.values().stream().mapToLong(Event.Progress::done).sum();
                long total = byRank.values().stream()
                        .mapToLong(Event.Progress::total)
                        .sum();
                watcher.progress(progress.what(), done, total * numRanks / byRank.size());
            }
        };
    }
}
