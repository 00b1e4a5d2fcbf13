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

    /** z ← x·Wᵀ, [N,X] to [N,Z], some rows after the others where somebody listens. */
    void forward(Matrix x_NX, Weight weight, NDArray z, RowListener listener) {
        Matrix z_NZ = Matrix.of(z);
        int rows = z_NZ.rows();
        int parts = listener == RowListener.NONE ? 1 : Math.min(GrowingOutput.PARTS, rows);
        for (int part = 0; part < parts; part++) {
            int from = (int) ((long) rows * part / parts);
            int to = (int) ((long) rows * (part + 1) / parts);
            Matrix some = x_NX.transposed()
                    ? x_NX.block(0, from, x_NX.rows(), to - from)
                    : x_NX.block(from, 0, to - from, x_NX.columns());
            blas.multiplyLarge(
                    1, some, Matrix.of(weight.value()).transpose(), 0, z_NZ.block(from, 0, to - from, z_NZ.columns()));
            listener.reach(z, to);
        }
    }

    /** dx ← dz·W + keep·dx. */
    void inputGradient(NDArray dz, Weight weight, double keep, NDArray dx) {
        blas.multiplyLarge(1, Matrix.of(dz), Matrix.of(weight.value()), keep, Matrix.of(dx));
    }

    /** Adds dzᵀ·x to the weight's gradient. */
    void weightGradient(NDArray dz, NDArray x, Weight weight) {
        weightGradient(Matrix.of(dz).transpose(), Matrix.of(x), weight);
    }

    /**
     * Adds a product [Z,N]·[N,X] to the weight's gradient. Where {@code gemm} would add it block by block, the product is
     * completed first: else the bits would be others than those of data ranks, which add whole products.
     */
    void weightGradient(Matrix dz_ZN, Matrix x_NX, Weight weight) {
        Weight.Sum sum = weight.nextSum();
        NDArray gradient = sum.storage();
        int rows = x_NX.transposed() ? x_NX.columns() : x_NX.rows();
        if (sum.keep() == 0 || rows <= blas.termsAtOnce(dz_ZN.wide())) {
            blas.multiplyLarge(1, dz_ZN, x_NX, sum.keep(), Matrix.of(gradient));
            return;
        }
        try (NDArray summand = gradient.getManager().create(gradient.getShape(), gradient.getDataType())) {
            blas.multiplyLarge(1, dz_ZN, x_NX, 0, Matrix.of(summand));
            gradient.addi(summand);
        }
    }
}
