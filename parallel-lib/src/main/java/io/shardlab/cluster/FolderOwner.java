package io.shardlab.cluster;

import io.shardlab.weights.FolderTree;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * The process that a folder belongs to; its start time tells it from a later process of the same number.
 *
 * @param space the process-number name space, so that containers that share folders leave each other's alone
 */
record FolderOwner(long pid, long startTicks, String space) {

    private static final String FILE = "owner";

    /** A folder without an owner may be one that is being made. */
    private static final Duration UNOWNED = Duration.ofMinutes(10);

    static FolderOwner here() {
        long pid = ProcessHandle.current().pid();
        return new FolderOwner(pid, ProcessUse.startTicks(pid).orElse(0L), nameSpace());
    }

    void write(Path folder) throws IOException {
        Files.writeString(folder.resolve(FILE), pid + " " + startTicks + " " + space + "\n");
    }

    private static Optional<FolderOwner> read(Path folder) {
        try {
            String[] words = Files.readString(folder.resolve(FILE)).trim().split(" ", -1);
            return words.length == 3
                    ? Optional.of(new FolderOwner(Long.parseLong(words[0]), Long.parseLong(words[1]), words[2]))
                    : Optional.empty();
        } catch (IOException | NumberFormatException unreadable) {
            return Optional.empty();
        }
    }

    private boolean gone() {
        return space.equals(nameSpace())
                && ProcessUse.startTicks(pid)
                        .filter(ticks -> ticks == startTicks)
                        .isEmpty();
    }

    /** Deletes folders of this user whose owner is dead. */
    static void reap(JobFolder.Places places, Consumer<String> warnings) {
        List<Path> swept = new ArrayList<>();
        sweep(places.jobs(), "", swept, warnings);
        sweep(places.temporary(), JobFolder.PREFIX, swept, warnings);
        for (Path parent : places.sharedMemory()) {
            if (!parent.equals(places.temporary())) {
                sweep(parent, JobFolder.PREFIX, swept, warnings);
            }
        }
        if (!swept.isEmpty()) {
            warnings.accept("Removed what dead sessions had left: "
                    + swept.stream().map(Path::toString).collect(Collectors.joining(", ")));
        }
    }

    private static void sweep(Path parent, String prefix, List<Path> swept, Consumer<String> warnings) {
        if (!Files.isDirectory(parent)) {
            return;
        }
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, prefix + "*")) {
            for (Path folder : folders) {
                if (leftBehind(folder)) {
                    new FolderTree(folder).delete();
                    swept.add(folder);
                }
            }
        } catch (IOException e) {
            warnings.accept("Could not sweep " + parent + ": " + e);
        }
    }

    private static boolean leftBehind(Path folder) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                || !Files.getOwner(folder).getName().equals(user())) {
            return false;
        }
        Optional<FolderOwner> owner = read(folder);
        Instant old = Instant.now().minus(UNOWNED);
        return owner.isPresent()
                ? owner.get().gone()
                : Files.getLastModifiedTime(folder).toInstant().isBefore(old) && looksLikeOurs(folder);
    }

    /** Without an owner only an empty folder is taken for ours: the prefix alone proves nothing. */
    private static boolean looksLikeOurs(Path folder) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            return !entries.iterator().hasNext();
        }
    }

    static String user() throws IOException {
        return Files.getOwner(Path.of("/proc/self")).getName();
    }

    private static String nameSpace() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
        } catch (IOException | UnsupportedOperationException unknown) {
            return "?";
        }
    }
}
