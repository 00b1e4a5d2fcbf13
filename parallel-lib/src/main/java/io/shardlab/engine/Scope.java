package io.shardlab.engine;

import io.shardlab.plan.Segment;
import io.shardlab.tensor.TensorShape;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The life of one micro-batch on a stage: everything computed in it is freed with it. */
public interface Scope extends AutoCloseable {

    /** Token ids of the given shape. */
    Tensor tokens(int[] ids, TensorShape shape);

    /** A tensor of unset numbers, to receive into. */
    Tensor allocate(TensorShape shape);

    /** A scalar. */
    Tensor scalar(double value);

    /**
     * Computes a segment. In a training scope what {@link #backward} needs is kept. The head gives the <em>sum</em> of the
     * cross-entropies of its targets. A residual sum takes the place of its last input, which nothing may read afterwards.
     */
    Tensor forward(Segment segment, List<Tensor> inputs);

    /** As {@link #forward}; tells of the output's parts as they come, of the last one at the latest when all is done. */
    Tensor forward(Segment segment, List<Tensor> inputs, GrowingOutput listener);

    /**
     * Goes back through a segment's forward pass, once, and adds to the gradients of its weights.
     *
     * @return the gradient of each input; empty where an input has none (token ids)
     */
    List<Optional<Tensor>> backward(Segment segment, Tensor outputGradient);

    /** As {@link #backward}, but puts the gradients of the weights off until {@link #backwardWeights}, where it can. */
    List<Optional<Tensor>> backwardInputs(Segment segment, Tensor outputGradient);

    /** Adds the gradients that {@link #backwardInputs} put off; once for each call of that. */
    void backwardWeights(Segment segment);

    /** From now on, tells of each segment whose weight gradients this scope has just added. */
    void onWeightGradients(Consumer<Segment> listener);

    /** Another handle on the same storage, without a graph. */
    Tensor alias(Tensor tensor);

    /** Adds one tensor to another of its shape, whose storage nothing else reads. */
    void addInto(Tensor sum, Tensor summand);

    /**
     * The scores [V] of the token that follows the last position of [1,T,D]; where the vocabulary is split, those of this rank's
     * part, from a value that is normed already.
     */
    Tensor nextTokenLogits(Segment head, Tensor hidden);

    @Override
    void close();
}
