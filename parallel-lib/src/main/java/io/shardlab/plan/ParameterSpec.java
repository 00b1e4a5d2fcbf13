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
 */
public record ParameterSpec(String name, TensorShape shape, Placement placement, double standardDeviation) {

    public ParameterSpec {
        if (placement instanceof Placement.Split split && split.dim() >= shape.rank()) {
            throw new IllegalArgumentException(
                    name + " of shape " + shape + " cannot be split along dimension " + split.dim());
        }
        if (placement instanceof Placement.Partial) {
            throw new IllegalArgumentException(name + ": a parameter cannot be placed as a partial sum");
        }
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
