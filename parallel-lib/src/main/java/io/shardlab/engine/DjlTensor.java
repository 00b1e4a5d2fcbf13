package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** A tensor that is a DJL array. */
final class DjlTensor implements Tensor {

    static final NDIndex ALL = new NDIndex(":");

    private final NDArray array;
    private @Nullable ByteBuffer bytes;

    DjlTensor(NDArray array) {
        this.array = array;
    }

    static NDArray array(Tensor tensor) {
        return ((DjlTensor) tensor).array;
    }

    static Shape shape(TensorShape shape) {
        return new Shape(shape.toArray());
    }

    static DataType dataType(TensorType type) {
        return type == TensorType.FLOAT32 ? DataType.FLOAT32 : DataType.FLOAT64;
    }

    static TensorType type(NDArray array) {
        return array.getDataType() == DataType.FLOAT32 ? TensorType.FLOAT32 : TensorType.FLOAT64;
    }

    static NDArray scalar(NDManager manager, TensorType type, double value) {
        return type == TensorType.FLOAT32 ? manager.create((float) value) : manager.create(value);
    }

    /** The only element of a scalar. */
    static double number(NDArray array) {
        return type(array) == TensorType.FLOAT32 ? array.getFloat() : array.getDouble();
    }

    /**
     * The storage of a CPU array as a direct buffer.
     *
     * @throws IllegalStateException if the engine gave a copy, because the array is not contiguous
     */
    static ByteBuffer storage(NDArray array) {
        ByteBuffer buffer = array.toByteBuffer(true);
        if (!buffer.isDirect()) {
            throw new IllegalStateException("array " + array.getShape() + " is not contiguous");
        }
        return buffer.order(ByteOrder.nativeOrder());
    }

    /** Rows of a CPU array, in the same memory: of use while that array lives. */
    static NDArray rows(NDManager manager, NDArray array, int first, int count) {
        long[] dims = array.getShape().getShape().clone();
        long bytes = array.getShape().size() / dims[0] * array.getDataType().getNumOfBytes();
        dims[0] = count;
        ByteBuffer part = storage(array)
                .slice(Math.toIntExact(first * bytes), Math.toIntExact(count * bytes))
                .order(ByteOrder.nativeOrder());
        return manager.create(part, new Shape(dims), array.getDataType());
    }

    @Override
    public TensorShape shape() {
        return TensorShape.of(array.getShape().getShape());
    }

    @Override
    public TensorType type() {
        return type(array);
    }

    @Override
    public ByteBuffer bytes() {
        ByteBuffer known = bytes;
        if (known == null) {
            if (array.getDevice().isGpu()) {
                byte[] copy = array.toByteArray();
                known = ByteBuffer.allocateDirect(copy.length).put(copy).flip().order(ByteOrder.nativeOrder());
            } else {
                known = storage(array);
            }
            bytes = known;
        }
        return known.duplicate().order(ByteOrder.nativeOrder());
    }

    @Override
    public void written() {
        ByteBuffer staged = bytes;
        if (array.getDevice().isGpu() && staged != null) {
            try (NDManager temporary = array.getManager().newSubManager()) {
                array.set(ALL, temporary.create(staged, array.getShape(), array.getDataType()));
            }
            bytes = null;
        }
    }

    @Override
    public double scalar() {
        return number(array);
    }

    @Override
    public void close() {
        array.close();
    }
}
