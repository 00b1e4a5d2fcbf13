package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.SparseFormat;
import io.shardlab.engine.VocabularyScoresMathematics.LocalIds;
import io.shardlab.tensor.Extent;
import java.util.List;

/** Rows of this rank's part of the weight: ids [B,T], weight [V,D] to [B,T,D], zeros for ids of other parts. */
record VocabularyEmbeddingMathematics(Extent part, boolean byHand) implements Mathematics {

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        return rows(LocalIds.of(inputs.get(0), part), weights.get(0));
    }

    private static NDArray rows(LocalIds local, NDArray weight_VD) {
        NDArray rows_BTD = local.ids()
                .getNDArrayInternal()
                .embedding(local.ids(), weight_VD, SparseFormat.DENSE)
                .head();
        return rows_BTD.mul(local.mine().toType(rows_BTD.getDataType(), false).expandDims(2));
    }

    @Override
    public boolean differentiable(int input) {
        return false;
    }

    @Override
    public Computed compute(NDManager manager, List<NDArray> inputs, List<Weight> weights, boolean training) {
        if (!byHand) {
            return Mathematics.super.compute(manager, inputs, weights, training);
        }
        try (NDManager temporary = manager.newSubManager()) {
            inputs.get(0).attach(temporary);
            LocalIds local = LocalIds.of(inputs.get(0), part);
            NDArray y_BTD = rows(local, weights.get(0).value());
            // −1 where another rank has the row.
            NDArray own_BT = local.ids().add(local.mine()).sub(1);
            y_BTD.attach(manager);
            own_BT.attach(manager);
            return new Computed(y_BTD, new EmbeddingMathematics.RowsTape(own_BT, weights.get(0)));
        }
    }
}
