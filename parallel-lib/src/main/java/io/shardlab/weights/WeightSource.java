package io.shardlab.weights;

import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;

/** Gives any rank's slice of any parameter. */
public interface WeightSource {

    /**
     * Fills {@code target} with the slice that {@code slice} describes, row-major.
     *
     * @param target direct or heap, in native order, exactly as long as the slice in {@code type}
     */
    void read(ParameterSpec parameter, Slice slice, TensorType type, ByteBuffer target);

    /** Checks that every parameter is there with its shape; the exception lists every mismatch. */
    default void verify(Iterable<ParameterSpec> parameters) {}

    /**
     * A block of rows of a tensor seen as {@code outer × length × inner} elements, cut along its middle.
     *
     * @param outer product of the dimensions before the cut
     * @param full length of the cut dimension in the whole tensor
     * @param start first index kept
     * @param length indices kept
     * @param inner product of the dimensions after the cut
     */
    record Slice(long outer, long full, long start, long length, long inner) {

        /** The slice that the rank at {@code index} of the tensor axis holds. */
        public static Slice of(ParameterSpec parameter, int index) {
            TensorShape shape = parameter.shape();
            if (parameter.placement() instanceof Placement.Split split) {
                long outer = 1;
                long inner = 1;
                for (int i = 0; i < shape.rank(); i++) {
                    if (i < split.dim()) {
                        outer = Math.multiplyExact(outer, shape.dim(i));
                    } else if (i > split.dim()) {
                        inner = Math.multiplyExact(inner, shape.dim(i));
                    }
                }
                var extent = split.extents().get(index);
                return new Slice(outer, shape.dim(split.dim()), extent.start(), extent.length(), inner);
            }
            return new Slice(1, shape.numElements(), 0, shape.numElements(), 1);
        }

        public long numElements() {
            return outer * length * inner;
        }
    }
}
