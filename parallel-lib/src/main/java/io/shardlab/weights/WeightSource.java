package io.shardlab.weights;

import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;

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

        /**
         * The parts of {@link #of} that no rank at a lower index of the tensor axis holds: written by all ranks, they make the
         * whole tensor, each element once.
         */
        public static List<Slice> owned(ParameterSpec parameter, int index) {
            if (!(parameter.placement() instanceof Placement.Split split)) {
                return index == 0 ? List.of(of(parameter, 0)) : List.of();
            }
            List<Extent> left = List.of(split.extents().get(index));
            for (Extent taken : split.extents().subList(0, index)) {
                left = left.stream()
                        .flatMap(extent -> Stream.of(
                                between(extent.start(), Math.min(extent.end(), taken.start())),
                                between(Math.max(extent.start(), taken.end()), extent.end())))
                        .filter(extent -> extent.length() > 0)
                        .toList();
            }
            Slice all = of(parameter, index);
            return left.stream()
                    .map(extent -> new Slice(all.outer, all.full, extent.start(), extent.length(), all.inner))
                    .toList();
        }

        private static Extent between(long start, long end) {
            return new Extent(start, Math.max(0, end - start));
        }

        /** Hears of a run of elements that are consecutive both here and in the whole tensor. */
        public interface RunListener {
            /**
             * @param here first element, counted from the first of {@code elements}
             * @param whole the same in the whole tensor, flattened row-major
             */
            void run(long here, long whole, long count);
        }

        /**
         * Tells where the elements of a part of this slice lie in the whole tensor.
         *
         * @param part of the whole tensor, inside this slice along the cut
         * @param elements of this slice, flattened row-major; others are left out
         */
        public void forEachRun(Slice part, Extent elements, RunListener listener) {
            for (long o = 0; o < outer; o++) {
                long here = (o * length + part.start - start) * inner;
                long from = Math.max(here, elements.start());
                long to = Math.min(here + part.length * inner, elements.end());
                if (from < to) {
                    long whole = (o * full + part.start) * inner + from - here;
                    listener.run(from - elements.start(), whole, to - from);
                }
            }
        }
    }
}
