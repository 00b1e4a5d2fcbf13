package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.shardlab.tensor.Extent;
import java.util.List;

/**
 * Scores of a part of the vocabulary: x [B,T,D], targets [B,T] to [3,N], by hand.
 *
 * <p>Each rank exponentiates its own part against that part's largest score; nothing of the whole vocabulary's size exists.
 * Legend: N = B·T tokens, D model, V rows of the vocabulary in this rank's part.
 *
 * @param part the rows of the projection that this rank has
 */
record VocabularyScoresMathematics(Extent part) implements Mathematics {

    /** Token ids as rows of a part, 0 where another part has them, and 1 where this part has them, else 0; both int64. */
    record LocalIds(NDArray ids, NDArray mine) {

        static LocalIds of(NDArray ids, Extent part) {
            NDArray shifted = ids.sub(part.start());
            NDArray mine = shifted.gte(0).logicalAnd(shifted.lt(part.length())).toType(DataType.INT64, false);
            return new LocalIds(shifted.mul(mine), mine);
        }
    }

    /** The result and what the backward pass reads. */
    record Scores(NDArray result_3N, NDArray exponentials_NV, NDArray targets_N1, NDArray mine_N1) {}

    Scores scores(NDArray x_BTD, NDArray targets_BT, NDArray projection_VD) {
        NDArray x_ND = rows(x_BTD);
        long n = x_ND.getShape().get(0);
        LocalIds local = LocalIds.of(targets_BT.reshape(n, 1), part);
        NDArray mine_N1 = local.mine.toType(x_ND.getDataType(), false);
        NDArray scores_NV = AttentionMathematics.linear(x_ND, projection_VD);
        NDArray largest_N1 = scores_NV.max(new int[] {1}, true);
        NDArray target_N1 = scores_NV.gather(local.ids, 1).mul(mine_N1);
        NDArray exponentials_NV = scores_NV.subi(largest_N1).exp();
        NDArray sum_N1 = exponentials_NV.sum(new int[] {1}, true);
        NDArray result_3N =
                NDArrays.concat(new NDList(largest_N1, sum_N1, target_N1), 0).reshape(3, n);
        return new Scores(result_3N, exponentials_NV, local.ids, mine_N1);
    }

    /** The gradient [N,V] of the scores: softmax − onehot, times the loss's gradient. Uses up the exponentials. */
    static NDArray slopes(Scores scores, NDArray gradient_3N) {
        long n = gradient_3N.getShape().get(1);
        NDArray sumSlope_N1 = gradient_3N.get(1).reshape(n, 1);
        NDArray targetSlope_N1 = gradient_3N.get(2).reshape(n, 1).mul(scores.mine_N1);
        NDArray softmax_NV = scores.exponentials_NV.muli(sumSlope_N1);
        NDArray atTargets_N1 = softmax_NV.gather(scores.targets_N1, 1).add(targetSlope_N1);
        return softmax_NV.scatter(scores.targets_N1, atTargets_N1, 1);
    }

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        return scores(inputs.get(0), inputs.get(1), weights.get(0)).result_3N;
    }

    /** The scores [V] of this part after the last position of [1,T,D]. */
    static NDArray lastScores(NDArray x_1TD, NDArray projection_VD) {
        NDArray x_ND = rows(x_1TD);
        NDArray last_1D = x_ND.get(x_ND.getShape().get(0) - 1).reshape(1, -1);
        return AttentionMathematics.linear(last_1D, projection_VD).reshape(-1);
    }

    static NDArray rows(NDArray x) {
        Shape shape = x.getShape();
        return x.reshape(-1, shape.get(shape.dimension() - 1));
    }

    @Override
    public boolean differentiable(int input) {
        return input == 0;
    }
}
