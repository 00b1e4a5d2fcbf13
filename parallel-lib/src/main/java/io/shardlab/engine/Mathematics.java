package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Segment;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import java.util.List;
import java.util.Optional;

/**
 * What a segment kind computes. Every kind is written with the engine's operators, which autograd can go back through; most
 * have a second version by hand for main memory, whose backward pass is faster and can put weights off.
 */
interface Mathematics {

    /** With the engine's operators. The first input must be the receiver of the first operation: results inherit its manager. */
    NDArray forward(List<NDArray> inputs, List<NDArray> weights);

    /** Which inputs have a gradient. */
    boolean differentiable(int input);

    /** How many of the first weights come as one, rows after rows, to {@link #compute}: those that one product reads. */
    default int numJoined() {
        return 1;
    }

    /**
     * Computes the segment and keeps what its backward pass needs, on the given manager.
     *
     * @param inputs aliases, which the tape takes over
     * @param weights the first {@link #numJoined} as one
     * @param training whether a backward pass may follow; without it the tape is only closed
     */
    default Computed compute(NDManager manager, List<NDArray> inputs, List<Weight> weights, boolean training) {
        return AutogradTape.record(this, manager, inputs, weights, training);
    }

    /** As {@link #compute}; tells of the output's rows as they come, where they come one after the other. */
    default Computed compute(
            NDManager manager, List<NDArray> inputs, List<Weight> weights, boolean training, RowListener listener) {
        return compute(manager, inputs, weights, training);
    }

    /** The rows of a parameter that the rank at {@code tensorIndex} of the tensor axis holds. */
    static Extent part(ParameterSpec parameter, int tensorIndex) {
        return parameter.placement() instanceof Placement.Split split && split.dim() == 0
                ? split.extents().get(tensorIndex)
                : new Extent(0, parameter.shape().dim(0));
    }

    /**
     * The mathematics of a segment on the rank at {@code tensorIndex} of the tensor axis.
     *
     * @param blas present where tensors lie in main memory and may be computed on by hand
     */
    static Mathematics of(Segment segment, Constants constants, int tensorIndex, Optional<Blas> blas) {
        Segment.Kind kind = segment.kind();
        Optional<Linear> linear = blas.map(Linear::new);
        if (kind instanceof Segment.Embedding) {
            ParameterSpec weight = segment.parameters().get(0);
            return weight.placement() instanceof Placement.Split
                    ? new VocabularyEmbeddingMathematics(part(weight, tensorIndex), blas.isPresent())
                    : new EmbeddingMathematics(blas.isPresent());
        }
        if (kind instanceof Segment.Norm norm) {
            return new NormMathematics(norm.epsilon(), constants.scalar(norm.epsilon()), blas.isPresent());
        }
        if (kind instanceof Segment.Attention attention) {
            return new AttentionMathematics(
                    attention, constants, HeadGroups.of(segment, attention, tensorIndex), linear);
        }
        if (kind instanceof Segment.FeedForward) {
            return new FeedForwardMathematics(linear);
        }
        if (kind instanceof Segment.Residual) {
            return new ResidualMathematics();
        }
        if (kind instanceof Segment.Head head) {
            return new HeadMathematics(head.epsilon(), constants.scalar(head.epsilon()), linear);
        }
        if (kind instanceof Segment.PartialLinear) {
            return new PartialLinearMathematics();
        }
        if (kind instanceof Segment.Bias) {
            return new BiasMathematics();
        }
        if (kind instanceof Segment.Loss loss) {
            return new LossMathematics(loss.function(), constants);
        }
        if (kind instanceof Segment.VocabularyScores) {
            return new VocabularyScoresMathematics(part(segment.parameters().get(0), tensorIndex), linear);
        }
        if (kind instanceof Segment.VocabularyLoss) {
            return new VocabularyLossMathematics();
        }
        throw new IllegalArgumentException("segment kind " + kind + " has no mathematics");
    }
}
