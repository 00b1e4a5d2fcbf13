package io.shardlab.run;

import io.shardlab.mesh.Device;
import io.shardlab.mesh.Link;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What a rank knows of its place before it has a plan.
 *
 * @param rank its number, from 0
 * @param numRanks of the job
 * @param device what it computes on
 * @param threads native compute threads it may use
 * @param folder private folder of the job, for control files
 * @param sharedFolder private folder of the job in shared memory
 * @param timeout how long to wait for a peer before naming it
 * @param link that delays what the rank sends, if one is simulated
 */
public record Seat(
        int rank,
        int numRanks,
        Device device,
        int threads,
        Path folder,
        Path sharedFolder,
        Duration timeout,
        Optional<Link> link) {
    /** A system property; false to measure what overlap is worth: then collectives are over before weight gradients begin. */
    public static final String OVERLAP_PROPERTY = "shardlab.overlap";
}
