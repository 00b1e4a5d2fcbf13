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
 * their stride. Keeps rotated queries and keys, values, weights of attention and mixed heads.
 *
 * <p>With S = QKᵀ/√E + mask, P = softmax S, O = PV: dV = PᵀdO, dP = dO·Vᵀ, dS = P∘(dP − Σ P∘dP), dQ = dS·K/√E, dK = dSᵀQ/√E.
 * Shapes: B batch, T tokens, H query heads, K KV heads, E head dimension, X = H·E, C = K·E.
 */
final class AttentionTape implements Tape {

    private final NDManager manager;
    private final Linear linear;
    private final HeadGroups headGroups;
    private final Constants.Rotary rotary;
    private final NDArray x_BTD;
    private final List<Weight> weights;
    private final int b;
    private final int t;
    private final int e;
    private final int heads;
    private final int groups;

    /** Queries; after {@link #backwardInputs}, their gradient. */
    private final NDArray q_BTX;

    private NDArray k_BTC;
    private NDArray v_BTC;
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
        this.weights = weights;
        b = Math.toIntExact(x_BTD.getShape().get(0));
        t = Math.toIntExact(x_BTD.getShape().get(1));
        e = attention.headDim();
        heads = Math.toIntExact(weights.get(0).value().getShape().get(0) / e);
        groups = Math.toIntExact(weights.get(1).value().getShape().get(0) / e);
        rotary = constants.rotary(t, e, attention.ropeTheta());
        q_BTX = linear.forward(manager, x_BTD, weights.get(0));
        k_BTC = linear.forward(manager, x_BTD, weights.get(1));
        v_BTC = linear.forward(manager, x_BTD, weights.get(2));
        rotate(q_BTX, heads, false);
        rotate(k_BTC, groups, false);
        p_BHTT = attend(constants.causalMask(t));
        mixed_BTX = mix();
    }

    NDArray forward() {
        return linear.forward(manager, mixed_BTX, weights.get(3));
    }

    private void rotate(NDArray rows, int numHeads, boolean back) {
        new HostRotary(t, numHeads, e, back)
                .apply(
                        DjlTensor.type(rows),
                        DjlTensor.storage(rotary.cosine()),
                        DjlTensor.storage(rotary.sine()),
                        DjlTensor.storage(rows));
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
            Matrix q = Matrix.of(q_BTX);
            Matrix k = Matrix.of(k_BTC);
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
        NDArray mixed = manager.create(q_BTX.getShape(), q_BTX.getDataType());
        Matrix p = Matrix.of(p_BHTT);
        Matrix v = Matrix.of(v_BTC);
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
        NDArray dk_BTC = manager.create(k_BTC.getShape(), k_BTC.getDataType());
        NDArray dv_BTC = manager.create(v_BTC.getShape(), v_BTC.getDataType());
        try (NDArray do_BTX = manager.create(q_BTX.getShape(), q_BTX.getDataType());
                NDArray square_TT = manager.create(new Shape(t, t), q_BTX.getDataType())) {
            linear.inputGradient(outputGradient, weights.get(3), 0, do_BTX);
            backward(do_BTX, square_TT, dk_BTC, dv_BTC);
        }
        p_BHTT.close();
        k_BTC.close();
        v_BTC.close();
        k_BTC = dk_BTC;
        v_BTC = dv_BTC;
        rotate(q_BTX, heads, true);
        rotate(k_BTC, groups, true);
        NDArray dx_BTD = manager.create(x_BTD.getShape(), x_BTD.getDataType());
        linear.inputGradient(q_BTX, weights.get(0), 0, dx_BTD);
        linear.inputGradient(k_BTC, weights.get(1), 1, dx_BTD);
        linear.inputGradient(v_BTC, weights.get(2), 1, dx_BTD);
        return List.of(Optional.of(dx_BTD));
    }

    /** Of dO, everything before the projections; dQ takes the place of the queries. */
    private void backward(NDArray do_BTX, NDArray square_TT, NDArray dk_BTC, NDArray dv_BTC) {
        Blas blas = linear.blas();
        Matrix p = Matrix.of(p_BHTT);
        Matrix q = Matrix.of(q_BTX);
        Matrix k = Matrix.of(k_BTC);
        Matrix v = Matrix.of(v_BTC);
        Matrix dk = Matrix.of(dk_BTC);
        Matrix dv = Matrix.of(dv_BTC);
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
                softmax.backward(DjlTensor.type(q_BTX), DjlTensor.storage(p_BHTT), first, DjlTensor.storage(square_TT));
                blas.multiply(scale, ds.transpose(), head(q, i, h), keep, head(dk, i, group(h)));
                blas.multiply(scale, ds, head(k, i, group(h)), 0, head(q, i, h));
            }
        }
    }

    @Override
    public void backwardWeights() {
        linear.weightGradient(kept.orElseThrow(), mixed_BTX, weights.get(3));
        linear.weightGradient(q_BTX, x_BTD, weights.get(0));
        linear.weightGradient(k_BTC, x_BTD, weights.get(1));
        linear.weightGradient(v_BTC, x_BTD, weights.get(2));
        close();
    }

    @Override
    public void close() {
        x_BTD.close();
        q_BTX.close();
        k_BTC.close();
        v_BTC.close();
        p_BHTT.close();
        mixed_BTX.close();
        kept.ifPresent(NDArray::close);
    }
}
