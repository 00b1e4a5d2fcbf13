package io.shardlab.engine;

import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Arrays of the engine's library as code of users holds them. Their types have no name outside this room, so here they are
 * objects. Same thread as the {@link Engine}.
 */
public interface UserArrays extends AutoCloseable {

    /** What users create arrays with; everything it holds ends with this object. */
    Object manager();

    /** Whether this is an array of the library. */
    boolean isArray(Object value);

    /** Whether an array still holds memory. */
    boolean isOpen(Object array);

    List<Long> shape(Object array);

    /** Name of the element type: {@code float32}, {@code int64} … */
    String typeName(Object array);

    /** Where the elements lie, in the library's words: {@code cpu()}. */
    String deviceName(Object array);

    long numBytes(Object array);

    /**
     * The element type, for arithmetic.
     *
     * @throws IllegalArgumentException if it is neither float32 nor float64
     */
    TensorType type(Object array);

    /** A copy of the elements, row-major in native order, in a direct buffer. */
    ByteBuffer copy(Object array);

    /** A new array of {@link #manager()} with a copy of these elements. */
    Object create(ByteBuffer elements, TensorShape shape, TensorType type);

    /** Puts back what users' code may have changed on this thread: grad mode. */
    void restoreThread();

    @Override
    void close();
}
