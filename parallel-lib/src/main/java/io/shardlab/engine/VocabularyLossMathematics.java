package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import java.util.List;

/**
 * The summed cross-entropy from the scores [t,3,N] of all t parts of the vocabulary: Σ log Σ exp − target, every part's
 * exponentials brought to the largest score of all. The largest scores cancel out, so no gradient goes to them.
 */
final class VocabularyLossMathematics implements Mathematics {

    private static final NDIndex LARGEST = new NDIndex(":, 0");
    private static final NDIndex SUM = new NDIndex(":, 1");
    private static final NDIndex TARGET = new NDIndex(":, 2");

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        NDArray scores_t3N = inputs.get(0);
        NDArray parts_tN = scores_t3N.get(LARGEST).stopGradient();
        NDArray largest_N = parts_tN.max(new int[] {0});
        NDArray sum_N = scores_t3N.get(SUM).mul(parts_tN.sub(largest_N).exp()).sum(new int[] {0});
        NDArray target_N = scores_t3N.get(TARGET).sum(new int[] {0});
        return sum_N.log().add(largest_N).sub(target_N).sum();
    }

    @Override
    public boolean differentiable(int input) {
        return true;
    }
}
