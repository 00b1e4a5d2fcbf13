package io.shardlab.comm;

import io.shardlab.tensor.TensorType;
import io.shardlab.transport.Windows;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;

/**
 * Adds up the same range of all windows, member 0 first.
 *
 * <p>Blocks small enough for the first-level cache are copied into arrays, because the compiler turns loops over arrays
 * into vector instructions and loops over buffers not (JDK 17).
 */
final class RankOrderSum {

    private static final int BLOCK_BYTES = 8192;

    private final FloatBuffer[] floats;
    private final DoubleBuffer[] doubles;
    private final float[] floatSum = new float[BLOCK_BYTES / Float.BYTES];
    private final float[] floatNext = new float[BLOCK_BYTES / Float.BYTES];
    private final double[] doubleSum = new double[BLOCK_BYTES / Double.BYTES];
    private final double[] doubleNext = new double[BLOCK_BYTES / Double.BYTES];
    private final ByteBuffer sum = ByteBuffer.allocateDirect(BLOCK_BYTES).order(ByteOrder.nativeOrder());
    private final FloatBuffer sumFloats = sum.asFloatBuffer();
    private final DoubleBuffer sumDoubles = sum.asDoubleBuffer();

    RankOrderSum(Windows windows) {
        int size = windows.group().size();
        floats = new FloatBuffer[size];
        doubles = new DoubleBuffer[size];
        for (int member = 0; member < size; member++) {
            floats[member] = windows.data(member).asFloatBuffer();
            doubles[member] = windows.data(member).asDoubleBuffer();
        }
    }

    /** Sums {@code bytes} bytes at offset {@code from} of every window into {@code target} at {@code to}. */
    void add(TensorType type, int from, int bytes, ByteBuffer target, int to) {
        for (int done = 0; done < bytes; done += BLOCK_BYTES) {
            int part = Math.min(BLOCK_BYTES, bytes - done);
            switch (type) {
                case FLOAT32 -> addFloats((from + done) / Float.BYTES, part / Float.BYTES);
                case FLOAT64 -> addDoubles((from + done) / Double.BYTES, part / Double.BYTES);
            }
            target.put(to + done, sum, 0, part);
        }
    }

    private void addFloats(int from, int count) {
        floats[0].get(from, floatSum, 0, count);
        for (int member = 1; member < floats.length; member++) {
            floats[member].get(from, floatNext, 0, count);
            addInto(floatSum, floatNext, count);
        }
        sumFloats.put(0, floatSum, 0, count);
    }

    private void addDoubles(int from, int count) {
        doubles[0].get(from, doubleSum, 0, count);
        for (int member = 1; member < doubles.length; member++) {
            doubles[member].get(from, doubleNext, 0, count);
            addInto(doubleSum, doubleNext, count);
        }
        sumDoubles.put(0, doubleSum, 0, count);
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
