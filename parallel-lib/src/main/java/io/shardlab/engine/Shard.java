package io.shardlab.engine;

import io.shardlab.plan.ParameterSpec;
import io.shardlab.trace.MemoryCategory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/** One rank's weights, with their gradients and optimizer state. */
public interface Shard extends AutoCloseable {

    /** The parameters held, each once, in model order. */
    List<ParameterSpec> parameters();

    /** Opens the life of one micro-batch: with {@link TrainingPass#PLAIN}, or without a way back. */
    Scope scope(boolean training);

    /** Opens the life of one micro-batch that goes back. */
    Scope scope(TrainingPass pass);

    /** This rank's part of a parameter: its storage, row-major in native order. */
    ByteBuffer weight(String name);

    /**
     * This rank's part of a gradient: what all backward passes since the last update added up to, uses of a tied parameter
     * summed in model order. Writing into the buffer changes the gradient until the next backward pass.
     */
    ByteBuffer gradient(String name);

    /** Σ g² of {@link #gradient}, in double precision and one fixed order. */
    double squaredGradientNorm(String name);

    /**
     * One optimizer step on every parameter; the gradients are zero afterwards.
     *
     * @param step counted from 1
     * @param gradientScale multiplies every gradient first (clipping)
     */
    void update(AdamW rule, double rate, long step, double gradientScale);

    /** Sets gradients to zero without using them. */
    void discardGradients();

    /** Bytes held now: weights, gradients, optimizer. */
    Map<MemoryCategory, Long> bytes();

    /** How many arrays the engine keeps for this shard, scopes included: back to the same number after each step. */
    int numArrays();

    @Override
    void close();
}
