package io.shardlab.transport;

import io.shardlab.mesh.Group;
import java.io.IOException;

/**
 * One rank's end of the data plane. All calls come from the rank's one compute thread. What it {@linkplain Windows#start
 * starts} goes on whenever it waits for anything, or says {@link #progress}.
 *
 * <p>A job reserves at most 48 MiB of shared memory: each rank has an equal share of it, from which every open group of
 * more than one rank takes {@link Windows#bytesReserved()} until it is closed.
 */
public interface Transport extends AutoCloseable {

    int rank();

    /** The number of ranks of the job. */
    int size();

    /**
     * Opens the memory of a group; returns when all members have opened it and no name of it is left in any folder.
     * The same group may be opened again after it was closed, or beside itself.
     *
     * @throws IOException if the memory cannot be had; the message names need and place
     * @throws PeerTimeout if members are missing
     */
    Windows open(Group group, Purpose purpose) throws IOException;

    /** Takes what this rank has started, in all groups, as far as it goes without waiting. */
    void progress();

    /** Closes what is still open and forgets messages that have not left yet. */
    @Override
    void close();
}
