package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.shardlab.engine.Blas.Matrix;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * A feed-forward by hand. One product gives gate and up, features as rows: so each of them is a whole of its own and both
 * together are one matrix. Keeps them and the gate's sigmoid; going back, their gradients take their places.
 *
 * <p>Shapes: N rows, D model, F columns of the feed-forward.
 */
final class FeedForwardTape implements Tape {

    private final NDManager manager;
    private final Blas blas;
    private final Linear linear;
    private final NDArray x_BTD;
    /** Of gate and up [2F,D]. */
    private final Weight gateAndUp;

    private final Weight down;
    private final int features;
    private final NDArray both_2FN;
    /** The gate's sigmoid; after {@link #backwardInputs}, what the projection down read. */
    private final NDArray sigmoid_FN;

    private Optional<NDArray> kept = Optional.empty();

    FeedForwardTape(NDManager manager, Linear linear, NDArray x_BTD, List<Weight> weights) {
        this.manager = manager;
        this.linear = linear;
        this.x_BTD = x_BTD;
        blas = linear.blas();
        gateAndUp = weights.get(0);
        down = weights.get(1);
        features = Math.toIntExact(down.value().getShape().get(1));
        long rows = x_BTD.getShape().size() / gateAndUp.value().getShape().get(1);
        both_2FN = manager.create(new Shape(2L * features, rows), x_BTD.getDataType());
        blas.multiplyLarge(1, Matrix.of(gateAndUp.value()), Matrix.of(x_BTD).transpose(), 0, Matrix.of(both_2FN));
        try (NDArray gate_FN = DjlTensor.rows(manager, both_2FN, 0, features)) {
            sigmoid_FN = gate_FN.getNDArrayInternal().sigmoid();
        }
    }

    NDArray forward(RowListener listener) {
        NDArray y_BTD = manager.create(x_BTD.getShape(), x_BTD.getDataType());
        try (NDArray mixed_FN = manager.create(sigmoid_FN.getShape(), sigmoid_FN.getDataType())) {
            loops().forward(half(0), DjlTensor.storage(sigmoid_FN), half(1), DjlTensor.storage(mixed_FN));
            linear.forward(Matrix.of(mixed_FN).transpose(), down, y_BTD, listener);
        }
        return y_BTD;
    }

    /** Gate or up, or their gradients. */
    private ByteBuffer half(int which) {
        ByteBuffer both = DjlTensor.storage(both_2FN);
        int bytes = both.limit() / 2;
        return both.slice(which * bytes, bytes).order(both.order());
    }

    private HostSwiGlu loops() {
        return new HostSwiGlu(DjlTensor.type(both_2FN));
    }

    @Override
    public List<Optional<NDArray>> backwardInputs(NDArray outputGradient) {
        kept = Optional.of(outputGradient.stopGradient());
        try (NDArray mixed_FN = manager.create(sigmoid_FN.getShape(), sigmoid_FN.getDataType())) {
            blas.multiplyLarge(
                    1,
                    Matrix.of(down.value()).transpose(),
                    Matrix.of(outputGradient).transpose(),
                    0,
                    Matrix.of(mixed_FN));
            loops().backward(DjlTensor.storage(mixed_FN), half(0), DjlTensor.storage(sigmoid_FN), half(1));
        }
        NDArray dx_BTD = manager.create(x_BTD.getShape(), x_BTD.getDataType());
        blas.multiplyLarge(1, Matrix.of(both_2FN).transpose(), Matrix.of(gateAndUp.value()), 0, Matrix.of(dx_BTD));
        return List.of(Optional.of(dx_BTD));
    }

    @Override
    public void backwardWeights() {
        linear.weightGradient(
                Matrix.of(kept.orElseThrow()).transpose(), Matrix.of(sigmoid_FN).transpose(), down);
        linear.weightGradient(Matrix.of(both_2FN), Matrix.of(x_BTD), gateAndUp);
        close();
    }

    @Override
    public void close() {
        x_BTD.close();
        both_2FN.close();
        sigmoid_FN.close();
        kept.ifPresent(NDArray::close);
    }
}
