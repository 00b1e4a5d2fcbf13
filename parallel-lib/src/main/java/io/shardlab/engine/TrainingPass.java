package io.shardlab.engine;

/**
 * How a micro-batch goes through a shard and back.
 *
 * @param recompute whether segments keep only their inputs, and are computed again on the way back
 * @param dropout of this micro-batch
 */
public record TrainingPass(boolean recompute, Dropout dropout) {

    public static final TrainingPass PLAIN = new TrainingPass(false, Dropout.NONE);
}
