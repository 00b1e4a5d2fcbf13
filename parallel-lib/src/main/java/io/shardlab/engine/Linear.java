package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.shardlab.engine.Blas.Matrix;

/** Products with a weight [Z,X], forward and backward; rows are all dimensions but the last. */
record Linear(Blas blas) {

    /** z = x·Wᵀ: [...,X] to a new [...,Z]. */
    NDArray forward(NDManager manager, NDArray x, Weight weight) {
        Shape shape = x.getShape();
        long[] dims = shape.getShape().clone();
        dims[dims.length - 1] = weight.value().getShape().get(0);
        NDArray z = manager.create(new Shape(dims), x.getDataType());
        blas.multiplyLarge(1, Matrix.of(x), Matrix.of(weight.value()).transpose(), 0, Matrix.of(z));
        return z;
    }

    /** dx ← dz·W + keep·dx. */
    void inputGradient(NDArray dz, Weight weight, double keep, NDArray dx) {
        blas.multiplyLarge(1, Matrix.of(dz), Matrix.of(weight.value()), keep, Matrix.of(dx));
    }

    /** Adds dzᵀ·x to the weight's gradient. */
    void weightGradient(NDArray dz, NDArray x, Weight weight) {
        weightGradient(Matrix.of(dz).transpose(), Matrix.of(x), weight);
    }

    /** Adds a product [Z,N]·[N,X] to the weight's gradient. */
    void weightGradient(Matrix dz_ZN, Matrix x_NX, Weight weight) {
        Weight.Sum sum = weight.nextSum();
        blas.multiplyLarge(1, dz_ZN, x_NX, sum.keep(), Matrix.of(sum.storage()));
    }
}
