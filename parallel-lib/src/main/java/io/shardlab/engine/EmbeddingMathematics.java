package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.SparseFormat;
import io.shardlab.tensor.TensorType;
import java.util.List;
import java.util.Optional;

/** Rows of the weight: ids [B,T], weight [V,D] to [B,T,D]. */
record EmbeddingMathematics(boolean byHand) implements Mathematics {

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

    @Override
    public Computed compute(NDManager manager, List<NDArray> inputs, List<Weight> weights, boolean training) {
        if (!byHand) {
            return Mathematics.super.compute(manager, inputs, weights, training);
        }
        NDArray y_BTD = forward(inputs, List.of(weights.get(0).value()));
        return new Computed(y_BTD, new RowsTape(inputs.get(0), weights.get(0)));
    }

    /** Adds each row of the output's gradient to the row of its token; ids below 0 have none. */
    static final class RowsTape implements Tape {

        private final NDArray ids_BT;
        private final Weight weight;
        private Optional<NDArray> kept = Optional.empty();

        RowsTape(NDArray ids_BT, Weight weight) {
            this.ids_BT = ids_BT;
            this.weight = weight;
        }

        @Override
        public List<Optional<NDArray>> backwardInputs(NDArray outputGradient) {
            kept = Optional.of(outputGradient.stopGradient());
            return List.of(Optional.empty());
        }

        @Override
        public void backwardWeights() {
            NDArray dy_BTD = kept.orElseThrow();
            int width = Math.toIntExact(weight.value().getShape().get(1));
            TensorType type = DjlTensor.type(dy_BTD);
            new HostRows(width)
                    .add(
                            type,
                            DjlTensor.storage(ids_BT).asLongBuffer(),
                            DjlTensor.storage(dy_BTD),
                            DjlTensor.storage(weight.gradient()));
            close();
        }

        @Override
        public void close() {
            ids_BT.close();
            kept.ifPresent(NDArray::close);
        }
    }
}
