package io.shardlab.plan;

import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;

/**
 * One parameter of a segment.
 *
 * @param name its Hugging Face name, unique in the model; a tied parameter appears in several segments under one name
 * @param shape its full shape
 * @param placement what each rank of the tensor axis holds of it
 * @param standardDeviation of its initial values around 0; 0 means that it starts as all ones (a norm's weight)
 * @param partialGradient whether each tensor rank finds a summand of the gradient only, of what several ranks hold: the summands are
 *     added up once per step
 */
public record ParameterSpec(
        String name, TensorShape shape, Placement placement, double standardDeviation, boolean partialGradient) {

    /** With whole gradients, or with partial ones where a split's extents overlap. */
    public ParameterSpec(String name, TensorShape shape, Placement placement, double standardDeviation) {
        this(name, shape, placement, standardDeviation, placement instanceof Placement.Split split && split.overlaps());
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
        return new ParameterSpec(name, shape, placement, standardDeviation, partial);
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
