package io.shardlab.weights;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.UUID;

/** Keeps two savers apart, also those of different processes; the operating system frees it when its holder dies. */
final class FolderLock implements AutoCloseable {

    private final Path file;
    private final FileChannel channel;

    private FolderLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** The lock, unless somebody has it. */
    static Optional<FolderLock> tryAcquire(Path file) throws IOException {
        while (true) {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            boolean kept = false;
            try {
                FileLock lock = channel.tryLock();
                if (lock == null) {
                    return Optional.empty();
                }
                if (isStillThere(file, channel)) {
                    kept = true;
                    return Optional.of(new FolderLock(file, channel));
                }
            } catch (OverlappingFileLockException held) {
                return Optional.empty();
            } finally {
                if (!kept) {
                    channel.close();
                }
            }
        }
    }

    /**
     * Whether the locked file still has its name: whoever held it before may have deleted it between our opening and locking,
     * and then somebody else may lock a new one. Written through the channel, read by name.
     */
    private static boolean isStillThere(Path file, FileChannel channel) throws IOException {
        String mark = UUID.randomUUID().toString();
        channel.write(StandardCharsets.US_ASCII.encode(mark), 0);
        try {
            BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
            return found.isRegularFile() && mark.equals(Files.readString(file));
        } catch (NoSuchFileException deleted) {
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        // Deleted while it is locked, so that nobody loses a lock that he has.
        Files.deleteIfExists(file);
        channel.close();
    }
}
