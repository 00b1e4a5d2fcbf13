package io.shardlab.engine;

import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.Extent;
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

    /**
     * What the backward passes of one segment alone added to the gradient of a parameter it uses: the storage, to be summed
     * over data ranks in place. Not after {@link #gradient} was asked for, which puts all uses together.
     */
    ByteBuffer gradient(String segment, String parameter);

    /** Σ g² over some elements of {@link #gradient}: their blocks as in {@link #squaredGradients}, in order. */
    double squaredGradientNorm(String name, Extent elements);

    /**
     * Σ g² of {@link #gradient} for every block of {@link io.shardlab.plan.OptimizerSlice#BLOCK} elements, in double precision
     * and one fixed order; where the optimizer is split, of this rank's elements only.
     */
    double[] squaredGradients(String name);

    /**
     * Leaves this rank's optimizer these elements of each parameter only, row-major: it keeps their moments and updates them.
     *
     * @param elements by name of parameter, all of one that is not named; they start at whole blocks
     * @throws IllegalStateException if there are moments of whole parameters already
     */
    void splitOptimizer(Map<String, Extent> elements);

    /**
     * One optimizer step on every parameter, or this rank's elements of it; the gradients are zero afterwards.
     *
     * @param step counted from 1
     * @param gradientScale multiplies every gradient first (clipping)
     */
    void update(AdamW rule, double rate, long step, double gradientScale);

    /**
     * Optimizer state of consecutive elements of this rank's part of a parameter.
     *
     * @param elements of the part, flattened row-major; all of it unless the state is split over the data axis
     * @param first moments: their storage, in native order
     * @param second moments, likewise
     */
    record MomentSlice(Extent elements, ByteBuffer first, ByteBuffer second) {}

    /** The optimizer state that this rank holds of a parameter, in order; none before the first update. */
    List<MomentSlice> moments(String name);

    /** Makes every moment zero, as at the first update, so that state from elsewhere can be written into {@link #moments}. */
    void zeroMoments();

    /** Forgets the optimizer state: the next update is a first one. */
    void dropMoments();

    /** Sets gradients to zero without using them. */
    void discardGradients();

    /** Bytes held now: weights, gradients, optimizer. */
    Map<MemoryCategory, Long> bytes();

    /** How many arrays the engine keeps for this shard, scopes included: back to the same number after each step. */
    int numArrays();

    @Override
    void close();
}
