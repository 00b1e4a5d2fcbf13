package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.shardlab.engine.Blas.Matrix;
import io.shardlab.plan.Segment;
import java.util.List;
import java.util.Optional;

/**
 * Attention by hand. Heads stay side by side in their rows, so nothing is transposed: products read every head's columns by
 * their stride. One product gives queries, keys and values, side by side in their rows too. Keeps rotated queries and keys,
 * values, weights of attention and mixed heads.
 *
 * <p>With S = QKᵀ/√E + mask, P = softmax S, O = PV: dV = PᵀdO, dP = dO·Vᵀ, dS = P∘(dP − Σ P∘dP), dQ = dS·K/√E, dK = dSᵀQ/√E.
 * Shapes: B batch, T tokens, H query heads, K KV heads, E head dimension, X = H·E, C = K·E,
 * Z = X + 2C.
 */
final class AttentionTape implements Tape {

    private final NDManager manager;
    private final Linear linear;
    private final HeadGroups headGroups;
    private final Constants.Rotary rotary;
    private final NDArray x_BTD;
    /** Of queries, keys and values [Z,D]. */
    private final Weight projection;
    /** Of the output [D,X]. */
    private final Weight output;

    private final int b;
    private final int t;
    private final int e;
    private final int heads;
    private final int groups;

    /** Queries, keys and values; after {@link #backwardInputs}, their gradients. */
    private NDArray qkv_BTZ;

    private final NDArray p_BHTT;
    private final NDArray mixed_BTX;
    private Optional<NDArray> kept = Optional.empty();

    AttentionTape(
            NDManager manager,
            Linear linear,
            Constants constants,
            Segment.Attention attention,
            HeadGroups headGroups,
            NDArray x_BTD,
            List<Weight> weights) {
        this.manager = manager;
        this.linear = linear;
        this.headGroups = headGroups;
        this.x_BTD = x_BTD;
        projection = weights.get(0);
        output = weights.get(1);
        b = Math.toIntExact(x_BTD.getShape().get(0));
        t = Math.toIntExact(x_BTD.getShape().get(1));
        e = attention.headDim();
        heads = Math.toIntExact(output.value().getShape().get(1) / e);
        groups = Math.toIntExact((projection.value().getShape().get(0) / e - heads) / 2);
        rotary = constants.rotary(t, e, attention.ropeTheta());
        qkv_BTZ = linear.forward(manager, x_BTD, projection);
        rotate(qkv_BTZ, false);
        p_BHTT = attend(constants.causalMask(t));
        mixed_BTX = mix();
    }

    NDArray forward(RowListener listener) {
        NDArray y_BTD = manager.create(x_BTD.getShape(), x_BTD.getDataType());
        linear.forward(Matrix.of(mixed_BTX), output, y_BTD, listener);
        return y_BTD;
    }

    /** Turns queries and keys, or their gradients back. */
    private void rotate(NDArray rows_BTZ, boolean back) {
        new HostRotary(t, heads + groups, e, (heads + 2 * groups) * e, back)
                .apply(
                        DjlTensor.type(rows_BTZ),
                        DjlTensor.storage(rotary.cosine()),
                        DjlTensor.storage(rotary.sine()),
                        DjlTensor.storage(rows_BTZ));
    }

    private Matrix queries(Matrix rows) {
        return rows.block(0, 0, b * t, heads * e);
    }

    private Matrix keys(Matrix rows) {
        return rows.block(0, heads * e, b * t, groups * e);
    }

    private Matrix values(Matrix rows) {
        return rows.block(0, (heads + groups) * e, b * t, groups * e);
    }

    /** The columns of a head in a sequence's rows. */
    private Matrix head(Matrix rows, int sequence, int head) {
        return rows.block(sequence * t, head * e, t, e);
    }

    /** The KV head that a query head reads. */
    private int group(int head) {
        return headGroups.keyValueHead(head);
    }

    private NDArray attend(NDArray mask_TT) {
        Shape shape = new Shape(b, heads, t, t);
        try (NDArray scores = manager.create(shape, x_BTD.getDataType())) {
            Matrix q = queries(Matrix.of(qkv_BTZ));
            Matrix k = keys(Matrix.of(qkv_BTZ));
            Matrix s = Matrix.of(scores);
            double scale = 1 / Math.sqrt(e);
            for (int i = 0; i < b; i++) {
                for (int h = 0; h < heads; h++) {
                    Matrix square = s.block((i * heads + h) * t, 0, t, t);
                    linear.blas()
                            .multiply(scale, head(q, i, h), head(k, i, group(h)).transpose(), 0, square);
                }
            }
            scores.addi(mask_TT);
            return scores.softmax(3);
        }
    }

    private NDArray mix() {
        NDArray mixed = manager.create(new Shape(b, t, (long) heads * e), qkv_BTZ.getDataType());
        Matrix p = Matrix.of(p_BHTT);
        Matrix v = values(Matrix.of(qkv_BTZ));
        Matrix o = Matrix.of(mixed);
        for (int i = 0; i < b; i++) {
            for (int h = 0; h < heads; h++) {
                Matrix square = p.block((i * heads + h) * t, 0, t, t);
                linear.blas().multiply(1, square, head(v, i, group(h)), 0, head(o, i, h));
            }
        }
        return mixed;
    }

    @Override
    public List<Optional<NDArray>> backwardInputs(NDArray outputGradient) {
        kept = Optional.of(outputGradient.stopGradient());
        NDArray gradients_BTZ = manager.create(qkv_BTZ.getShape(), qkv_BTZ.getDataType());
        try (NDArray do_BTX = manager.create(mixed_BTX.getShape(), mixed_BTX.getDataType());
                NDArray square_TT = manager.create(new Shape(t, t), mixed_BTX.getDataType())) {
            linear.inputGradient(outputGradient, output, 0, do_BTX);
            backward(do_BTX, square_TT, Matrix.of(gradients_BTZ));
        }
        p_BHTT.close();
        qkv_BTZ.close();
        qkv_BTZ = gradients_BTZ;
        rotate(gradients_BTZ, true);
        NDArray dx_BTD = manager.create(x_BTD.getShape(), x_BTD.getDataType());
        linear.inputGradient(gradients_BTZ, projection, 0, dx_BTD);
        return List.of(Optional.of(dx_BTD));
    }

    /** Of dO, the gradients of queries, keys and values. */
    private void backward(NDArray do_BTX, NDArray square_TT, Matrix gradients) {
        Blas blas = linear.blas();
        Matrix p = Matrix.of(p_BHTT);
        Matrix q = queries(Matrix.of(qkv_BTZ));
        Matrix k = keys(Matrix.of(qkv_BTZ));
        Matrix v = values(Matrix.of(qkv_BTZ));
        Matrix dq = queries(gradients);
        Matrix dk = keys(gradients);
        Matrix dv = values(gradients);
        Matrix dO = Matrix.of(do_BTX);
        Matrix ds = Matrix.of(square_TT);
        HostSoftmax softmax = new HostSoftmax(t);
        double scale = 1 / Math.sqrt(e);
        for (int i = 0; i < b; i++) {
            for (int h = 0; h < heads; h++) {
                int first = (i * heads + h) * t;
                Matrix square = p.block(first, 0, t, t);
                // Heads that read one KV head follow each other and add up in their order.
                double keep = h == 0 || group(h) != group(h - 1) ? 0 : 1;
                blas.multiply(1, square.transpose(), head(dO, i, h), keep, head(dv, i, group(h)));
                blas.multiply(1, head(dO, i, h), head(v, i, group(h)).transpose(), 0, ds);
                softmax.backward(
                        DjlTensor.type(p_BHTT), DjlTensor.storage(p_BHTT), first, DjlTensor.storage(square_TT));
                blas.multiply(scale, ds.transpose(), head(q, i, h), keep, head(dk, i, group(h)));
                blas.multiply(scale, ds, head(k, i, group(h)), 0, head(dq, i, h));
            }
        }
    }

    @Override
    public void backwardWeights() {
        linear.weightGradient(kept.orElseThrow(), mixed_BTX, output);
        linear.weightGradient(qkv_BTZ, x_BTD, projection);
        close();
    }

    @Override
    public void close() {
        x_BTD.close();
        qkv_BTZ.close();
        p_BHTT.close();
        mixed_BTX.close();
        kept.ifPresent(NDArray::close);
    }
}
