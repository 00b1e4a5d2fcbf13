package io.shardlab.weights;

import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import io.shardlab.plan.Json;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/**
 * A checkpoint being written, beside the folder that it will replace.
 *
 * <p>Order: files are written into the hidden folder {@code .NAME.saving} and forced to disk; {@code checkpoint.json} follows,
 * under a temporary name first; the old folder is moved to {@code .NAME.previous}, the new one takes its name, the parent is
 * forced, the old one is deleted. Whoever is killed anywhere leaves one complete checkpoint, which {@link #settle} finds.
 */
public final class CheckpointDraft implements AutoCloseable {

    /** As many as Linux follows. */
    private static final int MOST_LINKS = 40;

    private final Path target;
    private final FolderLock lock;
    /** Hears of each thing done; tests end the process there. */
    private final Consumer<String> points;

    private boolean committed;

    private CheckpointDraft(Path target, FolderLock lock, Consumer<String> points) {
        this.target = target;
        this.lock = lock;
        this.points = points;
    }

    /**
     * Begins to save into a folder: a new or empty one, or one that holds a checkpoint.
     *
     * @param bytes that will be written
     * @throws IllegalArgumentException if the folder holds something else, or the disk has no room
     * @throws IllegalStateException if another save is writing it
     */
    public static CheckpointDraft begin(Path folder, long bytes) throws IOException {
        return begin(folder, bytes, point -> {});
    }

    static CheckpointDraft begin(Path folder, long bytes, Consumer<String> points) throws IOException {
        Path target = target(folder);
        FolderLock lock;
        try {
            Files.createDirectories(parent(target));
            lock = lock(target);
        } catch (IOException e) {
            throw new IllegalArgumentException("'" + folder + "' cannot be written: " + new FileFailure(e).reason(), e);
        }
        boolean begun = false;
        try {
            points.accept("locked");
            requireReplaceable(target);
            long free = Files.getFileStore(parent(target)).getUsableSpace();
            if (free < bytes) {
                // Rounded apart, so that the two never look alike.
                throw new IllegalArgumentException("'" + folder + "' needs " + (bytes + 999_999) / 1_000_000
                        + " MB, its disk has " + free / 1_000_000 + " MB free");
            }
            Files.createDirectory(draft(target));
            points.accept("draft made");
            begun = true;
            return new CheckpointDraft(target, lock, points);
        } finally {
            if (!begun) {
                lock.close();
            }
        }
    }

    /** Where a name leads, links followed one by one, also where nothing is there; empty if they lead in a circle. */
    static Optional<Path> destination(Path folder) throws IOException {
        if (Files.exists(folder)) {
            return Optional.of(folder.toRealPath());
        }
        Path at = folder.toAbsolutePath().normalize();
        for (int followed = 0; followed < MOST_LINKS; followed++) {
            if (!Files.isSymbolicLink(at)) {
                return Optional.of(at);
            }
            at = parent(at).resolve(Files.readSymbolicLink(at)).normalize();
        }
        return Optional.empty();
    }

    private static Path target(Path folder) throws IOException {
        Path target = destination(folder)
                .orElseThrow(() -> new IllegalArgumentException(
                        "'" + folder + "' is a link that leads in a circle; name a folder"));
        if (Files.isSymbolicLink(folder) && !Files.exists(target) && !isUnsettled(target)) {
            throw new IllegalArgumentException("'" + folder + "' is a link to " + target
                    + ", which is not there; make that folder, or name another");
        }
        Path here = Path.of("").toRealPath();
        if (target.getFileName() == null || here.startsWith(target)) {
            throw new IllegalArgumentException(
                    "'" + folder + "' cannot be replaced by a checkpoint: this process works in it");
        }
        return target;
    }

    private static void requireReplaceable(Path target) throws IOException {
        Path marker = target.resolve(CheckpointFolder.MARKER);
        if (!Files.exists(target)) {
            return;
        }
        if (Files.isRegularFile(marker)) {
            CheckpointFolder.read(marker);
            return;
        }
        if (!Files.isDirectory(target)) {
            throw new IllegalArgumentException("'" + target + "' is a file; name a folder");
        }
        try (Stream<Path> files = Files.list(target)) {
            if (files.findAny().isPresent()) {
                throw new IllegalArgumentException(
                        "'" + target + "' holds files that are not a checkpoint's; name a new or empty folder");
            }
        }
    }

    private static Path parent(Path target) {
        return Optional.ofNullable(target.getParent())
                .orElseThrow(() -> new IllegalArgumentException("'" + target + "' has no parent folder"));
    }

    private static Path beside(Path target, String suffix) {
        return parent(target).resolve("." + target.getFileName() + suffix);
    }

    private static Path draft(Path target) {
        return beside(target, ".saving");
    }

    private static Path previous(Path target) {
        return beside(target, ".previous");
    }

    static boolean isUnsettled(Path target) {
        return Files.exists(draft(target)) || Files.exists(previous(target));
    }

    /** Takes the folder's lock and brings what a killed save left to its end. */
    static FolderLock lock(Path target) throws IOException {
        FolderLock lock = FolderLock.tryAcquire(beside(target, ".lock"))
                .orElseThrow(() -> new IllegalStateException("'" + target + "' is being saved by someone else now"));
        boolean settled = false;
        try {
            settle(target);
            settled = true;
            return lock;
        } finally {
            if (!settled) {
                lock.close();
            }
        }
    }

    private static void settle(Path target) throws IOException {
        Path draft = draft(target);
        Path previous = previous(target);
        if (!Files.exists(target)) {
            if (Files.exists(draft.resolve(CheckpointFolder.MARKER))) {
                move(draft, target);
            } else if (Files.exists(previous)) {
                move(previous, target);
            }
        }
        if (Files.exists(previous) && Files.exists(target.resolve(CheckpointFolder.MARKER))) {
            dispose(previous, target);
        }
        new FolderTree(draft).delete();
    }

    private static void move(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        force(parent(to));
    }

    /** Deletes a replaced checkpoint; what others laid into its folder moves on to the new one. */
    private static void dispose(Path previous, Path target) throws IOException {
        Set<String> ours = new HashSet<>(Set.of(CheckpointFolder.MARKER));
        Path marker = previous.resolve(CheckpointFolder.MARKER);
        if (Files.exists(marker)) {
            CheckpointFolder.read(marker)
                    .files()
                    .forEach(content -> ours.add(content.name().split("/", 2)[0]));
        }
        List<Path> others;
        try (Stream<Path> files = Files.list(previous)) {
            others = files.filter(file -> !ours.contains(String.valueOf(file.getFileName())))
                    .toList();
        }
        for (Path other : others) {
            Path moved = target.resolve(String.valueOf(other.getFileName()));
            if (!Files.exists(moved, LinkOption.NOFOLLOW_LINKS)) {
                Files.move(other, moved);
            }
        }
        // The marker last: until it is gone we still know which files were ours.
        try (Stream<Path> files = Files.list(previous)) {
            for (Path file : files.filter(file -> !file.equals(marker)).toList()) {
                new FolderTree(file).delete();
            }
        }
        new FolderTree(previous).delete();
    }

    private static void force(Path fileOrFolder) throws IOException {
        try (FileChannel channel = FileChannel.open(fileOrFolder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Where the files of the checkpoint are written. */
    public Path folder() {
        return draft(target);
    }

    /** Writes a small file and forces it to disk. */
    public void write(String name, byte[] bytes) throws IOException {
        Path file = folder().resolve(name);
        Files.createDirectories(parent(file));
        Files.write(file, bytes);
        force(file);
        points.accept("written " + name);
    }

    /**
     * Makes what was written the checkpoint.
     *
     * @param state for {@code checkpoint.json}
     * @param listener hears how many bytes were read back for their SHA-256; what it throws ends the save, the old one stays
     */
    public void commit(JsonNode state, LongConsumer listener) throws IOException {
        Path draft = folder();
        List<CheckpointFolder.Content> contents = new ArrayList<>();
        for (String name : CheckpointFolder.names(draft)) {
            Path file = draft.resolve(name);
            contents.add(new CheckpointFolder.Content(name, Files.size(file), CheckpointFolder.sha256(file, listener)));
            force(parent(file));
        }
        points.accept("digested");
        CheckpointFolder.Marker marker = new CheckpointFolder.Marker(CheckpointFolder.VERSION, state, contents);
        write(
                CheckpointFolder.MARKER + ".tmp",
                Json.mapper().writer(new DefaultPrettyPrinter()).writeValueAsBytes(marker));
        move(draft.resolve(CheckpointFolder.MARKER + ".tmp"), draft.resolve(CheckpointFolder.MARKER));
        points.accept("complete");
        Path previous = previous(target);
        if (Files.exists(target)) {
            move(target, previous);
            points.accept("old one aside");
        }
        move(draft, target);
        committed = true;
        points.accept("new one in place");
        if (Files.exists(previous)) {
            dispose(previous, target);
            points.accept("old one deleted");
        }
    }

    /** Frees the folder for others; what was not committed is deleted, and the old checkpoint is in its place. */
    @Override
    public void close() throws IOException {
        try {
            if (!committed) {
                Files.deleteIfExists(folder().resolve(CheckpointFolder.MARKER));
                settle(target);
            }
        } finally {
            lock.close();
        }
    }
}
