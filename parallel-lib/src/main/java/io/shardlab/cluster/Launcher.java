package io.shardlab.cluster;

import io.shardlab.run.StatusPage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ByteChannel;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Starts workers somewhere. Everything that depends on where a worker runs is behind this: its process, the way to its control
 * channel, its status page. {@link LocalLauncher} starts them on this host.
 */
interface Launcher extends AutoCloseable {

    /** Starts one worker and returns without waiting for it to be ready. */
    LaunchedWorker launch(ClusterSpec spec, int rank) throws IOException;

    /** Frees what the launcher holds; every worker it launched has ended. */
    @Override
    void close() throws IOException;

    /** A started worker. */
    interface LaunchedWorker {

        long pid();

        /** Standard output. */
        InputStream output();

        /** Standard error. */
        InputStream errors();

        /** Waits for a connection to the worker's control channel; the connection may be a stranger's. */
        ByteChannel accept() throws IOException;

        /** What a worker must say in its hello to be let in. */
        String nonce();

        StatusPage page();

        /** Memory and state now. */
        ProcessUse use();

        /** Waits for the end of the process and returns its exit code, 128 + signal for signals. */
        int waitFor() throws InterruptedException;

        boolean alive();

        /** Ends the process, even if it is stopped. */
        void kill();

        /** The JVM's report of a native crash, if there is one; moved to where it outlives the cluster. */
        Optional<Path> crashLog();

        /** How many processes the host has killed for lack of memory, where it counts them. */
        long memoryKills();

        /** Gives up the control channel's address; ends {@link #accept}. */
        void closeAddress();
    }
}
