package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.sun.jna.Native;
import org.jspecify.annotations.Nullable;

/** One use of a parameter by a segment: its numbers, shared by all uses, and the place where this use's gradient adds up. */
final class Weight {

    private final NDManager manager;
    private final NDArray value;
    private @Nullable NDArray gradient;
    private boolean isClear = true;

    Weight(NDManager manager, NDArray value) {
        this.manager = manager;
        this.value = value;
    }

    NDArray value() {
        return value;
    }

    /** The sum of all backward passes since it was cleared. It stays at its place. */
    NDArray gradient() {
        NDArray storage = storage();
        if (isClear) {
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
     * A place for the sum of what it holds and a summand.
     *
     * @param keep the factor of what it holds, 0 or 1
     */
    record Sum(NDArray storage, double keep) {}

    private NDArray storage() {
        NDArray known = gradient;
        if (known == null) {
            known = manager.create(value.getShape(), value.getDataType());
            gradient = known;
        }
        return known;
    }

    /** Makes the gradient zero; nothing is written until somebody looks. */
    void clear() {
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
