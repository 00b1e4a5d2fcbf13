package io.shardlab.comm;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Tensors of tests: made from a seed, summed one number after the other, compared bit by bit. */
final class Tensors {

    /** Numbers of different size, so that another order of adding gives other bits. */
    private static final double[] SCALES = {1e-3, 1, 7, 1e4};

    private Tensors() {}

    /** Direct, with a margin before and behind that nobody may touch. */
    static ByteBuffer empty(int elements, TensorType type) {
        ByteBuffer whole =
                ByteBuffer.allocateDirect(elements * type.bytes() + 32).order(ByteOrder.nativeOrder());
        return whole.position(16).limit(16 + elements * type.bytes());
    }

    static ByteBuffer random(int elements, TensorType type, long seed) {
        ByteBuffer tensor = empty(elements, type);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < elements; i++) {
            long bits = random.nextLong();
            double value = (bits >> 8) * 0x1p-56 * SCALES[(int) bits & 3];
            set(tensor, type, i, value);
        }
        return tensor;
    }

    static ByteBuffer sumOf(ByteBuffer[] tensors, TensorType type) {
        int elements = Parts.elements(tensors[0], type);
        ByteBuffer sum = empty(elements, type);
        for (int i = 0; i < elements; i++) {
            double value = get(tensors[0], type, i);
            for (int rank = 1; rank < tensors.length; rank++) {
                double next = get(tensors[rank], type, i);
                value = type == TensorType.FLOAT32 ? (float) value + (float) next : value + next;
            }
            set(sum, type, i, value);
        }
        return sum;
    }

    static double get(ByteBuffer tensor, TensorType type, int element) {
        int at = tensor.position() + element * type.bytes();
        return type == TensorType.FLOAT32 ? tensor.getFloat(at) : tensor.getDouble(at);
    }

    static void set(ByteBuffer tensor, TensorType type, int element, double value) {
        int at = tensor.position() + element * type.bytes();
        if (type == TensorType.FLOAT32) {
            tensor.putFloat(at, (float) value);
        } else {
            tensor.putDouble(at, value);
        }
    }

    static double dot(ByteBuffer a, ByteBuffer b) {
        double sum = 0;
        for (int i = 0; i < a.remaining() / Double.BYTES; i++) {
            sum += get(a, TensorType.FLOAT64, i) * get(b, TensorType.FLOAT64, i);
        }
        return sum;
    }

    /** The sum over a group of one number per rank. */
    static double allReduced(Communicator group, ByteBuffer one, double value) {
        set(one, TensorType.FLOAT64, 0, value);
        group.allReduce(one, TensorType.FLOAT64);
        return get(one, TensorType.FLOAT64, 0);
    }

    /** The elements' bytes; fails if the margins were written to. */
    static byte[] bytes(ByteBuffer tensor) {
        for (int i = 0; i < 16; i++) {
            if (tensor.get(i) != 0 || tensor.duplicate().clear().get(tensor.limit() + i) != 0) {
                throw new AssertionError("bytes outside position and limit were written");
            }
        }
        byte[] bytes = new byte[tensor.remaining()];
        tensor.get(tensor.position(), bytes);
        return bytes;
    }

    static boolean same(ByteBuffer a, ByteBuffer b) {
        return Arrays.equals(bytes(a), bytes(b));
    }

    /** As {@link io.shardlab.tensor.Addition} says. */
    static void add(TensorType type, ByteBuffer sums, int at, ByteBuffer summands, int from, int bytes) {
        for (int i = 0; i < bytes; i += type.bytes()) {
            if (type == TensorType.FLOAT32) {
                sums.putFloat(at + i, sums.getFloat(at + i) + summands.getFloat(from + i));
            } else {
                sums.putDouble(at + i, sums.getDouble(at + i) + summands.getDouble(from + i));
            }
        }
    }
}
