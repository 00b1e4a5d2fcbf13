package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** DJL arrays in the hands of users. */
final class DjlUserArrays implements UserArrays {

    private final NDManager manager;

    DjlUserArrays(NDManager parent) {
        manager = parent.newSubManager();
        manager.setName("cells");
    }

    @Override
    public Object manager() {
        return manager;
    }

    @Override
    public boolean isArray(Object value) {
        return value instanceof NDArray;
    }

    @Override
    public boolean isOpen(Object array) {
        return !(array instanceof PtNDArray torch) || !torch.isReleased();
    }

    @Override
    public List<Long> shape(Object array) {
        return Arrays.stream(((NDArray) array).getShape().getShape()).boxed().toList();
    }

    @Override
    public String typeName(Object array) {
        return ((NDArray) array).getDataType().name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String deviceName(Object array) {
        return ((NDArray) array).getDevice().toString();
    }

    @Override
    public long numBytes(Object array) {
        NDArray known = (NDArray) array;
        return known.getShape().size() * known.getDataType().getNumOfBytes();
    }

    @Override
    public TensorType type(Object array) {
        DataType type = ((NDArray) array).getDataType();
        if (type == DataType.FLOAT32) {
            return TensorType.FLOAT32;
        }
        if (type == DataType.FLOAT64) {
            return TensorType.FLOAT64;
        }
        throw new IllegalArgumentException("an array of " + typeName(array)
                + " cannot be reduced or moved; allowed: float32, float64 (`x.toType(DataType.FLOAT32, false)`)");
    }

    @Override
    public ByteBuffer copy(Object array) {
        byte[] bytes = ((NDArray) array).toByteArray();
        return ByteBuffer.allocateDirect(bytes.length)
                .order(ByteOrder.nativeOrder())
                .put(bytes)
                .flip();
    }

    @Override
    public Object create(ByteBuffer elements, TensorShape shape, TensorType type) {
        // In native memory: an array over a Java buffer would lose it to the collector while a graph still reads it.
        NDArray array = manager.zeros(DjlTensor.shape(shape), DjlTensor.dataType(type));
        DjlTensor tensor = new DjlTensor(array);
        tensor.bytes().put(elements.duplicate());
        tensor.written();
        return array;
    }

    @Override
    public void restoreThread() {
        JniUtils.setGradMode(false);
    }

    @Override
    public void close() {
        manager.close();
    }
}
