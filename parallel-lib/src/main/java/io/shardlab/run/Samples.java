package io.shardlab.run;

import io.shardlab.engine.Scope;
import io.shardlab.engine.Tensor;
import io.shardlab.plan.Plan;
import java.nio.file.Path;

/** What a run trains on: a file of samples, read micro-batch by micro-batch in the order that the settings ask for. */
interface Samples extends AutoCloseable {

    /** One micro-batch, read but not yet on the device. */
    interface Batch {

        /** What the first stage takes in. */
        Tensor inputs(Scope scope);

        /** What the last stage compares with. */
        Tensor targets(Scope scope);
    }

    /** Micro-batch {@code microbatch} of a data rank's part of step {@code step}: consecutive samples of the step's batch. */
    Batch read(Plan plan, int dataRank, TrainSettings settings, long step, int microbatch);

    /** The file's samples, as the plan's model takes them: token ids, or samples of a user's block. */
    static Samples open(Plan plan, Path file) {
        return plan.sampleShape().isPresent() ? new SampleFile(file) : new TokenFile(file);
    }

    /** Which sequence or sample of the whole run stands at {@code row} of a micro-batch. */
    static long position(Plan plan, int dataRank, long step, int microbatch, int row) {
        Plan.Workload workload = plan.workload();
        long slice = (long) dataRank * workload.microbatches() + microbatch;
        return step * workload.batch() + slice * plan.microbatchSize() + row;
    }

    /** A pseudo-random place below {@code count} for a position, the same for the same seed. */
    static long shuffled(long seed, long position, long count) {
        return Math.floorMod(mix(seed * 0x9E3779B97F4A7C15L + position), count);
    }

    /** The finaliser of SplitMix64. */
    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    @Override
    void close();
}
