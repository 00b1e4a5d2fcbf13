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
        ByteBuffer own = tensor.slice(at, bytes).order(ByteOrder.nativeOrder());
        switch (type) {
            case FLOAT32 -> addFloats(own.asFloatBuffer(), from / Float.BYTES);
            case FLOAT64 -> addDoubles(own.asDoubleBuffer(), from / Double.BYTES);
        }
    }

    private void addFloats(FloatBuffer own, int from) {
        for (int done = 0; done < own.limit(); done += floatSum.length) {
            int count = Math.min(floatSum.length, own.limit() - done);
            for (int member = 0; member < floats.length; member++) {
                float[] target = member == 0 ? floatSum : floatNext;
                if (member == me) {
                    own.get(done, target, 0, count);
                } else {
                    floats[member].get(from + done, target, 0, count);
                }
                if (member > 0) {
                    addInto(floatSum, floatNext, count);
                }
            }
            own.put(done, floatSum, 0, count);
        }
    }

    private void addDoubles(DoubleBuffer own, int from) {
        for (int done = 0; done < own.limit(); done += doubleSum.length) {
            int count = Math.min(doubleSum.length, own.limit() - done);
            for (int member = 0; member < doubles.length; member++) {
                double[] target = member == 0 ? doubleSum : doubleNext;
                if (member == me) {
                    own.get(done, target, 0, count);
                } else {
                    doubles[member].get(from + done, target, 0, count);
                }
                if (member > 0) {
                    addInto(doubleSum, doubleNext, count);
                }
            }
            own.put(done, doubleSum, 0, count);
        }
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
