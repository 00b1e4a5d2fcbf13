package io.shardlab.engine;

import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;

/** Numbers on a rank's device. Lives until its scope closes, or until it is closed earlier. */
public interface Tensor extends AutoCloseable {

    TensorShape shape();

    TensorType type();

    /**
     * The elements, row-major in native order, as a direct buffer: on a CPU the tensor's own storage, so writing into the
     * buffer changes the tensor; on a GPU a staged copy, see {@link #written()}. Valid while the tensor lives.
     */
    ByteBuffer bytes();

    /** Says that {@link #bytes()} was written to; a staged copy goes back to the device. */
    void written();

    /** The only element of a scalar. */
    double scalar();

    @Override
    void close();
}
