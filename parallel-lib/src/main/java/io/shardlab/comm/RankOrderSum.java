package io.shardlab.comm;

import io.shardlab.tensor.TensorType;
import io.shardlab.transport.Windows;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;

/**
 * Adds up a member's own numbers and the others' windows, member 0 first.
 *
 * <p>Blocks small enough for the first-level cache are copied into arrays, because the compiler turns loops over arrays
 * into vector instructions and loops over buffers not (JDK 17).
 */
final class RankOrderSum {

    private static final int BLOCK_BYTES = 4096;

    private final int me;
    private final FloatBuffer[] floats;
    private final DoubleBuffer[] doubles;
    private final float[] floatSum = new float[BLOCK_BYTES / Float.BYTES];
    private final float[] floatNext = new float[BLOCK_BYTES / Float.BYTES];
    private final double[] doubleSum = new double[BLOCK_BYTES / Double.BYTES];
    private final double[] doubleNext = new double[BLOCK_BYTES / Double.BYTES];
    private final ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES).order(ByteOrder.nativeOrder());
    private final FloatBuffer blockFloats = block.asFloatBuffer();
    private final DoubleBuffer blockDoubles = block.asDoubleBuffer();

    RankOrderSum(Windows windows) {
        me = windows.index();
        int size = windows.group().size();
        floats = new FloatBuffer[size];
        doubles = new DoubleBuffer[size];
        for (int member = 0; member < size; member++) {
            floats[member] = windows.data(member).asFloatBuffer();
            doubles[member] = windows.data(member).asDoubleBuffer();
        }
    }

    /**
     * Replaces {@code bytes} bytes of this member's tensor by their sum with what the other members have at {@code from}
     * of their windows.
     */
    void addInPlace(TensorType type, ByteBuffer tensor, int at, int bytes, int from) {
        for (int done = 0; done < bytes; done += BLOCK_BYTES) {
            int part = Math.min(BLOCK_BYTES, bytes - done);
            block.put(0, tensor, at + done, part);
            switch (type) {
                case FLOAT32 -> addFloats((from + done) / Float.BYTES, part / Float.BYTES);
                case FLOAT64 -> addDoubles((from + done) / Double.BYTES, part / Double.BYTES);
            }
            tensor.put(at + done, block, 0, part);
        }
    }

    private void addFloats(int from, int count) {
        for (int member = 0; member < floats.length; member++) {
            float[] target = member == 0 ? floatSum : floatNext;
            if (member == me) {
                blockFloats.get(0, target, 0, count);
            } else {
                floats[member].get(from, target, 0, count);
            }
            if (member > 0) {
                addInto(floatSum, floatNext, count);
            }
        }
        blockFloats.put(0, floatSum, 0, count);
    }

    private void addDoubles(int from, int count) {
        for (int member = 0; member < doubles.length; member++) {
            double[] target = member == 0 ? doubleSum : doubleNext;
            if (member == me) {
                blockDoubles.get(0, target, 0, count);
            } else {
                doubles[member].get(from, target, 0, count);
            }
            if (member > 0) {
                addInto(doubleSum, doubleNext, count);
            }
        }
        blockDoubles.put(0, doubleSum, 0, count);
    }

    private static void addInto(float[] sum, float[] next, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += next[i];
        }
    }

    private static void addInto(double[] sum, double[] next, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += next[i];
        }
    }
}
