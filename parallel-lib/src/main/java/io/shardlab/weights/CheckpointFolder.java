package io.shardlab.weights;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.shardlab.plan.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;

/**
 * A finished checkpoint: a Hugging Face model folder, {@code optimizer/} with the moments, and {@code checkpoint.json}, which
 * is written last and names every file with its length and SHA-256. A folder without it is no checkpoint.
 */
public final class CheckpointFolder {

    /** Of {@code checkpoint.json}. */
    static final int VERSION = 1;

    static final String MARKER = "checkpoint.json";

    private static final long MAX_MARKER_BYTES = 16 << 20;
    private static final String FILE_NAME = "[A-Za-z0-9_][A-Za-z0-9._-]{0,200}";
    private static final int BLOCK_BYTES = 1 << 20;

    /** A file of the checkpoint; its name is relative, with {@code /} between folders. */
    public record Content(String name, long bytes, String sha256) {
        public Content {
            for (String part : name.split("/", -1)) {
                if (!part.matches(FILE_NAME)) {
                    throw new IllegalArgumentException("file name '" + name + "' is not allowed");
                }
            }
            if (bytes < 0) {
                throw new IllegalArgumentException("file '" + name + "' has " + bytes + " bytes");
            }
            if (!sha256.matches("[0-9a-f]{64}")) {
                throw new IllegalArgumentException("file '" + name + "' has no SHA-256 of 64 lower-case digits");
            }
        }
    }

    /** What {@code checkpoint.json} holds. */
    record Marker(int version, JsonNode state, List<Content> files) {
        Marker {
            files = List.copyOf(files);
        }
    }

    private final Path folder;
    private final Marker marker;

    private CheckpointFolder(Path folder, Marker marker) {
        this.folder = folder;
        this.marker = marker;
    }

    /**
     * Opens a checkpoint and checks {@code checkpoint.json}. A save that was killed while it replaced the folder is brought to
     * its end first.
     *
     * @throws IllegalArgumentException if there is no checkpoint
     * @throws DamagedFileException if what is there breaks a rule
     */
    public static CheckpointFolder open(Path folder) throws IOException {
        settle(folder);
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException("checkpoint '" + folder + "' is not there");
        }
        if (!Files.isRegularFile(folder.resolve(MARKER))) {
            throw new IllegalArgumentException("'" + folder + "' is not a checkpoint: it has no " + MARKER
                    + (Files.exists(folder.resolve("config.json")) ? "; `%shard place " + folder + "` places it" : ""));
        }
        return new CheckpointFolder(folder, read(folder.resolve(MARKER)));
    }

    /** Finishes what a killed save began, if the folder is missing for that reason; does nothing otherwise. */
    public static void settle(Path folder) throws IOException {
        Optional<Path> target = CheckpointDraft.destination(folder)
                .filter(path -> path.getFileName() != null && !Files.exists(path) && CheckpointDraft.isUnsettled(path));
        if (target.isPresent()) {
            CheckpointDraft.lock(target.get()).close();
        }
    }

    static Marker read(Path file) throws IOException {
        long bytes = Files.size(file);
        if (bytes > MAX_MARKER_BYTES) {
            throw new DamagedFileException(file, "is " + bytes + " bytes long, the limit is " + MAX_MARKER_BYTES);
        }
        JsonNode json;
        try (JsonParser parser = Json.mapper().createParser(file.toFile())) {
            parser.enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
            json = Optional.<JsonNode>ofNullable(parser.readValueAsTree()).orElseGet(Json.mapper()::createObjectNode);
            if (json.path("version").asInt(0) != VERSION) {
                throw new DamagedFileException(
                        file,
                        "version " + json.path("version") + " is not one this shardlab reads; it reads " + VERSION);
            }
            if (parser.nextToken() != null) {
                throw new DamagedFileException(file, "has text after its JSON");
            }
            return Json.read(json, Marker.class);
        } catch (JsonProcessingException e) {
            throw new DamagedFileException(file, "is not the expected JSON: " + e.getOriginalMessage());
        } catch (IllegalArgumentException e) {
            throw new DamagedFileException(file, String.valueOf(e.getMessage()));
        }
    }

    public Path folder() {
        return folder;
    }

    /** What was saved beside the tensors. */
    public JsonNode state() {
        return marker.state();
    }

    public List<Content> files() {
        return marker.files();
    }

    public long totalBytes() {
        return marker.files().stream().mapToLong(Content::bytes).sum();
    }

    /**
     * Looks at names and lengths only.
     *
     * @throws DamagedFileException if a file is missing or has another length, or tensors are there that were not saved
     */
    public void requireFiles() throws IOException {
        for (Content content : marker.files()) {
            Path file = folder.resolve(content.name());
            if (!Files.exists(file)) {
                throw new DamagedFileException(file, "is missing; " + MARKER + " names it");
            }
            if (!Files.isRegularFile(file)) {
                throw new DamagedFileException(file, "is not a file; " + MARKER + " names one");
            }
            long bytes = Files.size(file);
            if (bytes != content.bytes()) {
                throw new DamagedFileException(
                        file,
                        (bytes < content.bytes() ? "truncated" : "too long") + ": " + bytes + " bytes, " + MARKER
                                + " says " + content.bytes());
            }
        }
        Set<String> saved = marker.files().stream().map(Content::name).collect(Collectors.toSet());
        for (String name : names(folder)) {
            // An index decides which tensors are read, so it counts as one of them.
            if (name.contains(".safetensors") && !saved.contains(name)) {
                throw new DamagedFileException(
                        folder.resolve(name), "is not one of the files that " + MARKER + " names; move it elsewhere");
            }
        }
    }

    /**
     * Reads every file once and compares it with what was saved.
     *
     * @param listener hears of each block read; what it throws ends the reading
     * @throws DamagedFileException if {@link #requireFiles} does, or a file has other bytes
     */
    public void verify(LongConsumer listener) throws IOException {
        requireFiles();
        for (Content content : marker.files()) {
            Path file = folder.resolve(content.name());
            String found = sha256(file, listener);
            if (!found.equals(content.sha256())) {
                throw new DamagedFileException(
                        file,
                        "bytes are not those that were saved: SHA-256 is " + found + ", " + MARKER + " says "
                                + content.sha256());
            }
        }
    }

    static String sha256(Path file, LongConsumer listener) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JDK has SHA-256", impossible);
        }
        byte[] block = new byte[BLOCK_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            int count = in.read(block);
            while (count >= 0) {
                digest.update(block, 0, count);
                listener.accept(count);
                count = in.read(block);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Every file below a folder by its relative name, sorted. */
    static List<String> names(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        try (var files = Files.walk(folder)) {
            files.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .sorted()
                    .forEach(names::add);
        }
        return names;
    }
}
