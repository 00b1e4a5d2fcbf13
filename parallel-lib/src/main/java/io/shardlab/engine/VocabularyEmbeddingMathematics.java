package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.SparseFormat;
import io.shardlab.tensor.Extent;
import java.util.List;

/** Rows of this rank's part of the weight: ids [B,T], weight [V,D] to [B,T,D], zeros for ids of other parts. */
record VocabularyEmbeddingMathematics(Extent part) implements Mathematics {

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        NDArray ids_BT = inputs.get(0);
        VocabularyScoresMathematics.LocalIds local = VocabularyScoresMathematics.LocalIds.of(ids_BT, part);
        NDArray rows_BTD = ids_BT.getNDArrayInternal()
                .embedding(local.ids(), weights.get(0), SparseFormat.DENSE)
                .head();
        return rows_BTD.mul(local.mine().toType(rows_BTD.getDataType(), false).expandDims(2));
    }

    @Override
    public boolean differentiable(int input) {
        return false;
    }
}
