package io.shardlab.magics.backend;

import io.shardlab.plan.Plan;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;

/** Hears of a run while it runs; called from any thread. */
public interface Progress {

    /** Hears nothing. */
    Progress SILENT = new Progress() {};

    /** What is going to run; before the first step. */
    default void begins(Plan plan) {}

    default void step(StepMetrics metrics) {}

    default void memory(MemoryUse use) {}

    /** A checkpoint after so many steps of the run is complete. */
    default void saved(int step) {}

    /** How far a long action has come, for instance loading weights. */
    default void progress(String what, long done, long total) {}
}
