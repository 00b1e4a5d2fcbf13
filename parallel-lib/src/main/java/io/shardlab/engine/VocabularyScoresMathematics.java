package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.shardlab.tensor.Extent;
import java.util.List;
import java.util.Optional;

/**
 * Scores of a part of the vocabulary: x [B,T,D], targets [B,T] to [3,N].
 *
 * <p>Each rank exponentiates its own part against that part's largest score; nothing of the whole vocabulary's size exists.
 * Legend: N = B·T tokens, D model, V rows of the vocabulary in this rank's part.
 *
 * @param part the rows of the projection that this rank has
 */
record VocabularyScoresMathematics(Extent part, Optional<Linear> linear) implements Mathematics {

    /** Token ids as rows of a part, 0 where another part has them, and 1 where this part has them, else 0; both int64. */
    record LocalIds(NDArray ids, NDArray mine) {

        static LocalIds of(NDArray ids, Extent part) {
            NDArray shifted = ids.sub(part.start());
            NDArray mine = shifted.gte(0).logicalAnd(shifted.lt(part.length())).toType(DataType.INT64, false);
            return new LocalIds(shifted.mul(mine), mine);
        }
    }

    /** What becomes of the scores [N,V]. */
    record Scores(NDArray result_3N, NDArray exponentials_NV, NDArray targets_N1, NDArray mine_N1) {

        static Scores of(NDArray scores_NV, NDArray targets_BT, Extent part) {
            long n = scores_NV.getShape().get(0);
            LocalIds local = LocalIds.of(targets_BT.reshape(n, 1), part);
            NDArray mine_N1 = local.mine.toType(scores_NV.getDataType(), false);
            NDArray largest_N1 = scores_NV.max(new int[] {1}, true).stopGradient();
            NDArray target_N1 = scores_NV.gather(local.ids, 1).mul(mine_N1);
            NDArray exponentials_NV = scores_NV.sub(largest_N1).exp();
            NDArray sum_N1 = exponentials_NV.sum(new int[] {1}, true);
            NDArray result_3N = NDArrays.concat(new NDList(largest_N1, sum_N1, target_N1), 0)
                    .reshape(3, n);
            return new Scores(result_3N, exponentials_NV, local.ids, mine_N1);
        }
    }

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        NDArray scores_NV = AttentionMathematics.linear(rows(inputs.get(0)), weights.get(0));
        return Scores.of(scores_NV, inputs.get(1), part).result_3N;
    }

    /** The scores [V] of this part after the last position of [1,T,D]. */
    NDArray lastScores(NDArray x_1TD, List<NDArray> weights) {
        NDArray x_ND = rows(x_1TD);
        NDArray last_1D = x_ND.get(x_ND.getShape().get(0) - 1).reshape(1, -1);
        return AttentionMathematics.linear(last_1D, weights.get(0)).reshape(-1);
    }

    private static NDArray rows(NDArray x) {
        Shape shape = x.getShape();
        return x.reshape(-1, shape.get(shape.dimension() - 1));
    }

    @Override
    public boolean differentiable(int input) {
        return input == 0;
    }

    @Override
    public Computed compute(NDManager manager, List<NDArray> inputs, List<Weight> weights, boolean training) {
        if (linear.isEmpty()) {
            return Mathematics.super.compute(manager, inputs, weights, training);
        }
        ScoresTape tape = new ScoresTape(manager, linear.get(), inputs.get(0), weights.get(0));
        return new Computed(tape.forward(inputs.get(1), part), tape);
    }

    /** By hand. Keeps the exponentials, of which the gradient of the scores is made; the projection is put off. */
    private static final class ScoresTape implements Tape {

        private final NDManager manager;
        private final Linear linear;
        private final NDArray x_BTD;
        private final Weight projection;
        /** Kept arrays, freed together. */
        private final NDManager kept;

        private Optional<Scores> scores = Optional.empty();
        private Optional<NDArray> slopes_NV = Optional.empty();

        ScoresTape(NDManager manager, Linear linear, NDArray x_BTD, Weight projection) {
            this.manager = manager;
            this.linear = linear;
            this.x_BTD = x_BTD;
            this.projection = projection;
            kept = manager.newSubManager();
        }

        NDArray forward(NDArray targets_BT, Extent part) {
            try (NDManager temporary = manager.newSubManager()) {
                targets_BT.attach(temporary);
                NDArray scores_NV = rows(linear.forward(temporary, x_BTD, projection));
                Scores found = Scores.of(scores_NV, targets_BT, part);
                for (NDArray read : List.of(found.exponentials_NV, found.targets_N1, found.mine_N1)) {
                    read.attach(kept);
                }
                scores = Optional.of(found);
                found.result_3N.attach(manager);
                return found.result_3N;
            }
        }

        /** Softmax − onehot, times the loss's gradient, which comes as slopes of this part's sum and of the target's score. */
        @Override
        public List<Optional<NDArray>> backwardInputs(NDArray outputGradient) {
            Scores found = scores.orElseThrow();
            long n = found.exponentials_NV.getShape().get(0);
            try (NDManager temporary = manager.newSubManager()) {
                NDArray gradient_3N = outputGradient.stopGradient();
                gradient_3N.attach(temporary);
                NDArray sumSlope_N1 = gradient_3N.get(1).reshape(n, 1);
                NDArray targetSlope_N1 = gradient_3N.get(2).reshape(n, 1).mul(found.mine_N1);
                NDArray softmax_NV = found.exponentials_NV.muli(sumSlope_N1);
                NDArray atTargets_N1 = softmax_NV.gather(found.targets_N1, 1).add(targetSlope_N1);
                NDArray slopes = softmax_NV.scatter(found.targets_N1, atTargets_N1, 1);
                slopes.attach(kept);
                slopes_NV = Optional.of(slopes);
                softmax_NV.close();
                NDArray dx_BTD = manager.create(x_BTD.getShape(), x_BTD.getDataType());
                linear.inputGradient(slopes, projection, 0, dx_BTD);
                return List.of(Optional.of(dx_BTD), Optional.empty());
            }
        }

        @Override
        public void backwardWeights() {
            linear.weightGradient(slopes_NV.orElseThrow(), x_BTD, projection);
            close();
        }

        @Override
        public void close() {
            x_BTD.close();
            kept.close();
        }
    }
}
