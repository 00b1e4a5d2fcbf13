package io.shardlab.magics.backend;

import java.nio.file.Path;
import java.util.List;

/** What comparing schemes needs of the workers beyond placing and training. Same rules as {@link Backend}, of which this is a part. */
public interface Comparing {

    /** Whether the user has asked to stop since the verb began, whatever runs in between. */
    boolean stopping();

    /**
     * Trains the placed weights without forgetting that the user asked to stop.
     *
     * @param apart leaves out the sums over data ranks: every rank trains by itself on its own part of the batch
     */
    Runs.TrainOutcome run(Runs.TrainRequest request, boolean apart);

    /** Continues token ids with the placed weights without forgetting that the user asked to stop; fewer tokens then. */
    Runs.InferOutcome infer(List<Integer> prompt, int maxNew);

    /** Writes what is placed into a folder, so that something else can take its place for a while. */
    Aside putAside(Path folder);

    /** The model that was placed before. */
    interface Aside {

        /** Places it again, with weights, optimizer state and step; one line for people, empty if nothing was placed. */
        String putBack();
    }
}
