package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.sun.jna.Native;
import org.jspecify.annotations.Nullable;

/**
 * One use of a parameter by a segment: its numbers, shared by all uses, and the place where this use's gradient adds up.
 *
 * <p>Parameters that one product reads are rows of a whole: their numbers, and their gradients, follow each other in memory.
 */
final class Weight {

    private final NDManager manager;
    private final NDArray value;
    /** What this weight is some rows of. */
    private final @Nullable Weight whole;

    private final int firstRow;
    private @Nullable NDArray gradient;
    private boolean isClear = true;

    Weight(NDManager manager, NDArray value) {
        this(manager, value, null, 0);
    }

    private Weight(NDManager manager, NDArray value, @Nullable Weight whole, int firstRow) {
        this.manager = manager;
        this.value = value;
        this.whole = whole;
        this.firstRow = firstRow;
    }

    /** Some rows of this weight, in the same memory. */
    Weight rows(int first, int count) {
        return new Weight(manager, DjlTensor.rows(manager, value, first, count), this, first);
    }

    NDArray value() {
        return value;
    }

    /** The sum of all backward passes since it was cleared, of the value's shape. It stays at its place. */
    NDArray gradient() {
        NDArray storage = storage();
        if (whole != null) {
            whole.gradient();
        } else if (isClear) {
            zero(storage);
            isClear = false;
        }
        return storage;
    }

    /** Where a product adds its part of the gradient: the first since it was cleared replaces what is there. */
    Sum nextSum() {
        Sum sum = new Sum(storage(), isClear ? 0 : 1);
        isClear = false;
        return sum;
    }

    /**
     * Where a summand goes: the storage becomes {@code keep} times what it holds, plus the summand (β of BLAS's gemm).
     *
     * @param keep 0 or 1
     */
    record Sum(NDArray storage, double keep) {}

    private NDArray storage() {
        NDArray known = gradient;
        if (known == null) {
            known = whole == null
                    ? manager.create(value.getShape(), value.getDataType())
                    : DjlTensor.rows(manager, whole.storage(), firstRow, (int)
                            value.getShape().get(0));
            gradient = known;
        }
        return known;
    }

    /** Makes the gradient zero, and that of the whole; nothing is written until somebody looks. */
    void clear() {
        if (whole != null) {
            whole.clear();
        }
        isClear = true;
    }

    private void zero(NDArray storage) {
        if (storage.getDevice().isGpu()) {
            try (NDArray zeros = manager.zeros(storage.getShape(), storage.getDataType())) {
                storage.set(DjlTensor.ALL, zeros);
            }
        } else {
            var bytes = DjlTensor.storage(storage);
            Native.getDirectBufferPointer(bytes).setMemory(0, bytes.remaining(), (byte) 0);
        }
    }
}
