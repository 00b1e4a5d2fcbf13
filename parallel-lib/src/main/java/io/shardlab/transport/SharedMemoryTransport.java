package io.shardlab.transport;

import io.shardlab.mesh.Link;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Ranks that are JVMs of one host; they map files of a folder, normally one in {@code /dev/shm}. */
public final class SharedMemoryTransport {

    private SharedMemoryTransport() {}

    /**
     * Opens one rank's end.
     *
     * @param sharedFolder the job's private folder (mode 0700), the same for all ranks; files stay in it only while a
     *     group is being opened
     * @throws IOException if there is no such folder or it cannot be written
     */
    public static Transport open(Path sharedFolder, int rank, int size, WaitPolicy wait) throws IOException {
        return open(sharedFolder, rank, size, wait, Optional.empty());
    }

    /**
     * Opens one rank's end, whose messages arrive as late as over a link.
     *
     * @param link the same for all ranks; without one messages arrive at once
     */
    public static Transport open(Path sharedFolder, int rank, int size, WaitPolicy wait, Optional<Link> link)
            throws IOException {
        if (!Files.isDirectory(sharedFolder) || !Files.isWritable(sharedFolder)) {
            throw new IOException("shared folder " + sharedFolder + " is not a folder that this user can write");
        }
        return new SegmentTransport(new MappedFiles(sharedFolder), rank, size, wait, link);
    }
}
