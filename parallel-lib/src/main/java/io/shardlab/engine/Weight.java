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

    Weight(NDManager manager, NDArray value) {
        this.manager = manager;
        this.value = value;
    }

    NDArray value() {
        return value;
    }

    /** The sum of all backward passes since it was cleared; zeros when first asked for. It stays at its place. */
    NDArray gradient() {
        NDArray known = gradient;
        if (known == null) {
            known = manager.zeros(value.getShape(), value.getDataType());
            gradient = known;
        }
        return known;
    }

    void clear() {
        NDArray known = gradient;
        if (known == null) {
            return;
        }
        if (known.getDevice().isGpu()) {
            try (NDArray zeros = manager.zeros(known.getShape(), known.getDataType())) {
                known.set(DjlTensor.ALL, zeros);
            }
        } else {
            var storage = DjlTensor.storage(known);
            Native.getDirectBufferPointer(storage).setMemory(0, storage.remaining(), (byte) 0);
        }
    }
}
