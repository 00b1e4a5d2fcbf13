package io.shardlab.tensor;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The lengths of a tensor's dimensions, outermost first. */
public record TensorShape(@JsonValue List<Long> dims) {

    @JsonCreator
    public TensorShape {
        dims = List.copyOf(dims);
        for (long length : dims) {
            if (length < 0) {
                throw new IllegalArgumentException("shape " + dims + " has a negative length");
            }
        }
    }

    public static TensorShape of(long... dims) {
        return new TensorShape(Arrays.stream(dims).boxed().toList());
    }

    public int rank() {
        return dims.size();
    }

    public long dim(int index) {
        return dims.get(index);
    }

    public long numElements() {
        long product = 1;
        for (long length : dims) {
            product = Math.multiplyExact(product, length);
        }
        return product;
    }

    public TensorShape with(int dim, long length) {
        List<Long> changed = new ArrayList<>(dims);
        changed.set(dim, length);
        return new TensorShape(changed);
    }

    /** This shape with one more dimension before all others. */
    public TensorShape prepend(long length) {
        List<Long> longer = new ArrayList<>(dims);
        longer.add(0, length);
        return new TensorShape(longer);
    }

    public long[] toArray() {
        return dims.stream().mapToLong(Long::longValue).toArray();
    }

    @Override
    public String toString() {
        return dims.toString();
    }
}
