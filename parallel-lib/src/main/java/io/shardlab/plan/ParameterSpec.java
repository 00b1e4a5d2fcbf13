package io.shardlab.plan;

import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;

/**
 * One parameter of a segment.
 *
 * @param name its Hugging Face name, unique in the model; a tied parameter appears in several segments under one name
 * @param shape its full shape
 * @param placement what each rank of the tensor axis holds of it
 * @param standardDeviation of its initial values
 * @param mean of its initial values: 1 for a norm's weight, else 0
 * @param partialGradient whether each tensor rank finds a summand of the gradient only, of what several ranks hold: the summands are
 *     added up once per step
 */
public record ParameterSpec(
        String name,
        TensorShape shape,
        Placement placement,
        double standardDeviation,
        double mean,
        boolean partialGradient) {

    /** With whole gradients, or with partial ones where a split's extents overlap. */
    public ParameterSpec(String name, TensorShape shape, Placement placement, double standardDeviation, double mean) {
        this(name, shape, placement, standardDeviation, mean, overlaps(placement));
    }

    /** The same with initial values around 0; all ones where the deviation is 0 (a norm's weight). */
    public ParameterSpec(String name, TensorShape shape, Placement placement, double standardDeviation) {
        this(name, shape, placement, standardDeviation, standardDeviation == 0 ? 1 : 0);
    }

    public ParameterSpec {
        if (placement instanceof Placement.Split split && split.dim() >= shape.rank()) {
            throw new IllegalArgumentException(
                    name + " of shape " + shape + " cannot be split along dimension " + split.dim());
        }
        if (placement instanceof Placement.Partial) {
            throw new IllegalArgumentException(name + ": a parameter cannot be placed as a partial sum");
        }
    }

    /** The same parameter with summands of its gradient that are added up, or not. */
    public ParameterSpec withPartialGradient(boolean partial) {
        return new ParameterSpec(name, shape, placement, standardDeviation, mean, partial);
    }

    /** Whether tensor ranks hold different rows and share some of them: KV heads whose query heads are divided. */
    public boolean sharesRows() {
        return overlaps(placement);
    }

    private static boolean overlaps(Placement placement) {
        return placement instanceof Placement.Split split && split.overlaps();
    }

    /** The same parameter held in another way, with partial gradients where extents overlap. */
    public ParameterSpec withPlacement(Placement changed) {
        return new ParameterSpec(name, shape, changed, standardDeviation, mean);
    }

    /** Whether weight decay applies: to matrices only. */
    public boolean decays() {
        return shape.rank() >= 2;
    }

    /** The shape held by the rank at {@code index} of the tensor axis. */
    public TensorShape localShape(int index) {
        return placement.localShape(shape, index);
    }
}
