package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Segment;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import java.util.List;

/**
 * What a segment kind computes, written with DJL arrays. The first input must be the receiver of the first operation: results
 * inherit its manager.
 */
interface Mathematics {

    NDArray forward(List<NDArray> inputs, List<NDArray> weights);

    /** Which inputs have a gradient. */
    boolean differentiable(int input);

    /** The rows of a parameter that the rank at {@code tensorIndex} of the tensor axis holds. */
    static Extent part(ParameterSpec parameter, int tensorIndex) {
        return parameter.placement() instanceof Placement.Split split && split.dim() == 0
                ? split.extents().get(tensorIndex)
                : new Extent(0, parameter.shape().dim(0));
    }

    static Mathematics of(Segment segment, Constants constants, int tensorIndex) {
        Segment.Kind kind = segment.kind();
        if (kind instanceof Segment.Embedding) {
            ParameterSpec weight = segment.parameters().get(0);
            return weight.placement() instanceof Placement.Split
                    ? new VocabularyEmbeddingMathematics(part(weight, tensorIndex))
                    : new EmbeddingMathematics();
        }
        if (kind instanceof Segment.Norm norm) {
            return new NormMathematics(constants.scalar(norm.epsilon()));
        }
        if (kind instanceof Segment.Attention attention) {
            return new AttentionMathematics(attention, constants, HeadGroups.of(segment, attention, tensorIndex));
        }
        if (kind instanceof Segment.FeedForward) {
            return new FeedForwardMathematics();
        }
        if (kind instanceof Segment.Residual) {
            return new ResidualMathematics();
        }
        if (kind instanceof Segment.VocabularyScores) {
            return new VocabularyScoresMathematics(part(segment.parameters().get(0), tensorIndex));
        }
        if (kind instanceof Segment.VocabularyLoss) {
            return new VocabularyLossMathematics();
        }
        if (kind instanceof Segment.Head head) {
            return new HeadMathematics(constants.scalar(head.epsilon()));
        }
        throw new IllegalArgumentException("segment kind " + kind + " has no mathematics");
    }
}
