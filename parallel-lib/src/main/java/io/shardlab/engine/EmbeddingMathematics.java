package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.SparseFormat;
import java.util.List;

/** Rows of the weight: ids [B,T], weight [V,D] to [B,T,D]. */
final class EmbeddingMathematics implements Mathematics {

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        NDArray ids_BT = inputs.get(0);
        return ids_BT.getNDArrayInternal()
                .embedding(ids_BT, weights.get(0), SparseFormat.DENSE)
                .head();
    }

    @Override
    public boolean differentiable(int input) {
        return false;
    }
}
