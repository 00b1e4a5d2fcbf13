package io.shardlab.magics.home;

import io.shardlab.weights.FolderTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder below the home folder for files that one verb needs for a while; closing removes it and all that is in it. */
public final class ScratchFolder implements AutoCloseable {

    private final Path folder;

    private ScratchFolder(Path folder) {
        this.folder = folder;
    }

    /** A new folder in {@code home/purpose}. */
    public static ScratchFolder create(Path home, String purpose) {
        try {
            return new ScratchFolder(Files.createTempDirectory(Files.createDirectories(home.resolve(purpose)), ""));
        } catch (IOException unwritable) {
            throw new UncheckedIOException(
                    "a folder '" + purpose + "' cannot be made below '" + home + "'", unwritable);
        }
    }

    /** The place of a file or folder in it. */
    public Path resolve(String name) {
        return folder.resolve(name);
    }

    @Override
    public void close() {
        try {
            new FolderTree(folder).delete();
        } catch (IOException undeletable) {
            throw new UncheckedIOException("'" + folder + "' cannot be removed", undeletable);
        }
    }
}
