package io.shardlab.cluster;

import io.shardlab.weights.FolderTree;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The two private folders of a running cluster: one for control files, one in shared memory. Both carry a note of the process
 * that owns them, by which {@link FolderOwner#reap} finds what a dead process left.
 */
final class JobFolder implements AutoCloseable {

    static final String PREFIX = "shardlab-";

    /** What a job may put into shared memory. */
    static final long SHARED_BYTES = 48L << 20;

    private static final int MOST_SOCKET_PATH_BYTES = 107;
    private static final String LONGEST_FILE = "/rank-255.socket";

    private final Path folder;
    private final Path shared;

    private JobFolder(Path folder, Path shared) {
        this.folder = folder;
        this.shared = shared;
    }

    /** Where the folders go. */
    record Places(Path home, Path temporary, List<Path> sharedMemory) {

        static Places of(Path home, Map<String, String> environment) {
            Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
            List<Path> shared = new ArrayList<>(List.of(Path.of("/dev/shm")));
            Optional.ofNullable(environment.get("XDG_RUNTIME_DIR"))
                    .filter(text -> text.startsWith("/"))
                    .ifPresent(text -> shared.add(Path.of(text)));
            shared.add(temporary);
            return new Places(home.toAbsolutePath().normalize(), temporary, shared);
        }

        Path jobs() {
            return home.resolve("jobs");
        }
    }

    /** Sweeps what dead owners left and makes fresh folders. */
    static JobFolder create(Places places, Consumer<String> warnings) throws IOException {
        claim(places.jobs());
        FolderOwner.reap(places, warnings);
        byte[] random = new byte[6];
        new SecureRandom().nextBytes(random);
        String name = HexFormat.of().formatHex(random);
        Path folder = places.jobs().resolve(name);
        if ((folder + LONGEST_FILE).getBytes(StandardCharsets.UTF_8).length > MOST_SOCKET_PATH_BYTES) {
            folder = places.temporary().resolve(PREFIX + "job-" + name);
        }
        makePrivate(folder);
        FolderOwner.here().write(folder);
        try {
            return new JobFolder(folder, shared(places, name, warnings));
        } catch (IOException e) {
            new FolderTree(folder).delete();
            throw e;
        }
    }

    private static Path shared(Places places, String name, Consumer<String> warnings) throws IOException {
        List<String> refused = new ArrayList<>();
        for (Path parent : places.sharedMemory()) {
            Path candidate = parent.resolve(PREFIX + name);
            try {
                long free = Files.getFileStore(parent).getUsableSpace();
                if (free < SHARED_BYTES) {
                    refused.add(
                            parent + " has " + (free >> 20) + " MiB free of the " + (SHARED_BYTES >> 20) + " needed");
                    continue;
                }
                makePrivate(candidate);
                FolderOwner.here().write(candidate);
            } catch (IOException e) {
                refused.add(parent + " cannot be used: " + e);
                if (Files.isDirectory(candidate, LinkOption.NOFOLLOW_LINKS)) {
                    new FolderTree(candidate).delete();
                }
                continue;
            }
            if (!refused.isEmpty()) {
                warnings.accept("Tensors between workers go through files in " + parent + ", which may be slow: "
                        + String.join("; ", refused));
            }
            return candidate;
        }
        throw new IOException("no folder for shared memory: " + String.join("; ", refused));
    }

    /** Makes sure that {@code jobs} is a folder of this user, and open to no one else. */
    private static void claim(Path jobs) throws IOException {
        try {
            Files.createDirectories(jobs.toAbsolutePath().getParent());
            makePrivate(jobs);
        } catch (FileAlreadyExistsException taken) {
            Path inTheWay = Path.of(taken.getFile());
            String owner = Files.getOwner(inTheWay, LinkOption.NOFOLLOW_LINKS).getName();
            if (!inTheWay.equals(jobs) || !Files.isDirectory(jobs, LinkOption.NOFOLLOW_LINKS)) {
                throw new IOException(inTheWay + " is no folder (owner " + owner
                        + "); remove it or set SHARDLAB_HOME to another place");
            }
            if (!owner.equals(FolderOwner.user())) {
                throw new IOException(jobs + " belongs to " + owner + ", not to " + FolderOwner.user()
                        + "; set SHARDLAB_HOME to another place");
            }
            Files.setPosixFilePermissions(jobs, PosixFilePermissions.fromString("rwx------"));
        }
    }

    private static void makePrivate(Path folder) throws IOException {
        Files.createDirectory(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    Path folder() {
        return folder;
    }

    Path shared() {
        return shared;
    }

    /** Deletes both folders and what is in them; follows no links. */
    @Override
    public void close() throws IOException {
        try {
            new FolderTree(shared).delete();
        } finally {
            new FolderTree(folder).delete();
        }
    }
}
