package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.shardlab.plan.Segment;
import java.util.List;
import java.util.Optional;

/**
 * Causal grouped-query attention (Ainslie et al. 2023) with rotary positions (Su et al. 2021), on the heads this rank holds.
 *
 * <p>Shapes: B batch, T tokens, D model, K local KV heads, G query heads per KV head, E head dimension. How many heads there
 * are is read off the weights; {@link HeadGroups} says which KV head each query head reads.
 */
final class AttentionMathematics implements Mathematics {

    private final Segment.Attention attention;
    private final Constants constants;
    private final HeadGroups groups;
    private final NDIndex firstHalf;
    private final NDIndex secondHalf;
    private final Optional<Linear> linear;

    AttentionMathematics(Segment.Attention attention, Constants constants, HeadGroups groups, Optional<Linear> linear) {
        this.attention = attention;
        this.constants = constants;
        this.groups = groups;
        this.linear = linear;
        int half = attention.headDim() / 2;
        firstHalf = new NDIndex("..., :" + half);
        secondHalf = new NDIndex("..., " + half + ":");
    }

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        NDArray x_BTD = inputs.get(0);
        long b = x_BTD.getShape().get(0);
        long t = x_BTD.getShape().get(1);
        long e = attention.headDim();
        boolean uniform = groups.uniform();
        long heads = weights.get(0).getShape().get(0) / e;
        long held = weights.get(1).getShape().get(0) / e;
        long k = uniform ? held : heads;
        long g = heads / k;

        NDArray q_BThE = linear(x_BTD, weights.get(0)).reshape(b, t, k * g, e);
        NDArray k_BTKE = linear(x_BTD, weights.get(1)).reshape(b, t, held, e);
        NDArray v_BTKE = linear(x_BTD, weights.get(2)).reshape(b, t, held, e);
        NDArray v_BKTE = (uniform ? v_BTKE : groups.repeat(v_BTKE)).transpose(0, 2, 1, 3);

        Constants.Rotary rotary = constants.rotary(t, attention.headDim(), attention.ropeTheta());
        NDArray q_BKgtE = rotate(q_BThE, rotary)
                .mul(constants.scalar(1 / Math.sqrt(e)))
                .reshape(b, t, k, g, e)
                .transpose(0, 2, 3, 1, 4)
                .reshape(b, k, g * t, e);
        NDArray rotated_BTKE = rotate(k_BTKE, rotary);
        NDArray k_BKET = (uniform ? rotated_BTKE : groups.repeat(rotated_BTKE)).transpose(0, 2, 3, 1);

        NDArray scores = q_BKgtE.matMul(k_BKET).reshape(b, k, g, t, t).add(constants.causalMask(t));
        NDArray mixed_BKGTE =
                scores.softmax(4).reshape(b, k, g * t, t).matMul(v_BKTE).reshape(b, k, g, t, e);
        NDArray heads_BTX = mixed_BKGTE.transpose(0, 3, 1, 2, 4).reshape(new Shape(b, t, k * g * e));
        return linear(heads_BTX, weights.get(3));
    }

    /** Turns the pairs (i, i + E/2) of [B,T,heads,E] by their position's angle, as Hugging Face pairs them. */
    private NDArray rotate(NDArray x, Constants.Rotary rotary) {
        NDArray a = x.get(firstHalf);
        NDArray b = x.get(secondHalf);
        return a.mul(rotary.cosine())
                .sub(b.mul(rotary.sine()))
                .concat(b.mul(rotary.cosine()).add(a.mul(rotary.sine())), 3);
    }

    static NDArray linear(NDArray x, NDArray weight) {
        return x.getNDArrayInternal().linear(x, weight, null).head();
    }

    @Override
    public boolean differentiable(int input) {
        return true;
    }

    @Override
    public int numJoined() {
        return linear.isPresent() ? 3 : 1;
    }

    @Override
    public Computed compute(NDManager manager, List<NDArray> inputs, List<Weight> weights, boolean training) {
        return linear.isEmpty()
                ? Mathematics.super.compute(manager, inputs, weights, training)
                : compute(manager, inputs, weights, training, RowListener.NONE);
    }

    @Override
    public Computed compute(
            NDManager manager, List<NDArray> inputs, List<Weight> weights, boolean training, RowListener listener) {
        if (linear.isEmpty()) {
            return Mathematics.super.compute(manager, inputs, weights, training);
        }
        AttentionTape tape =
                new AttentionTape(manager, linear.get(), constants, attention, groups, inputs.get(0), weights);
        return new Computed(tape.forward(listener), tape);
    }
}
