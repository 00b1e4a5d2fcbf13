package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import io.shardlab.plan.Segment;
import java.util.List;

/**
 * What a segment kind computes, written with DJL arrays. The first input must be the receiver of the first operation: results
 * inherit its manager.
 */
interface Mathematics {

    NDArray forward(List<NDArray> inputs, List<NDArray> weights);

    /** Which inputs have a gradient. */
    boolean differentiable(int input);

    static Mathematics of(Segment segment, Constants constants) {
        Segment.Kind kind = segment.kind();
        if (kind instanceof Segment.Embedding) {
            return new EmbeddingMathematics();
        }
        if (kind instanceof Segment.Norm norm) {
            return new NormMathematics(constants.scalar(norm.epsilon()));
        }
        if (kind instanceof Segment.Attention attention) {
            return new AttentionMathematics(attention, constants);
        }
        if (kind instanceof Segment.FeedForward) {
            return new FeedForwardMathematics();
        }
        if (kind instanceof Segment.Residual) {
            return new ResidualMathematics();
        }
        if (kind instanceof Segment.Head head) {
            return new HeadMathematics(constants.scalar(head.epsilon()));
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
        throw new IllegalArgumentException("segment kind " + kind + " has no mathematics");
    }
}
