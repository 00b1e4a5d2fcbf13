package io.shardlab.comm;

import io.shardlab.tensor.Addition;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.Windows;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.Optional;

/**
 * Adds up a member's own numbers and the others' windows, member 0 first.
 *
 * <p>Where the engine adds in main memory, the numbers stay where they are. Else blocks small enough for the first-level cache
 * are copied into arrays, because the compiler turns loops over arrays into vector instructions and loops over buffers not
 * (JDK 17). Both round alike.
 */
final class RankOrderSum {

    private static final int BLOCK_BYTES = 4096;

    private final int me;
    private final Optional<Addition> addition;
    private final ByteBuffer[] windowBytes;
    private final FloatBuffer[] floats;
    private final DoubleBuffer[] doubles;
    private final float[] floatSum = new float[BLOCK_BYTES / Float.BYTES];
    private final float[] floatNext = new float[BLOCK_BYTES / Float.BYTES];
    private final double[] doubleSum = new double[BLOCK_BYTES / Double.BYTES];
    private final double[] doubleNext = new double[BLOCK_BYTES / Double.BYTES];
    private final ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES).order(ByteOrder.nativeOrder());
    private final FloatBuffer blockFloats = block.asFloatBuffer();
    private final DoubleBuffer blockDoubles = block.asDoubleBuffer();

    /**
     * Nothing to add yet.
     *
     * @param addition for tensors in direct buffers, if there is one
     */
    RankOrderSum(Windows windows, Optional<Addition> addition) {
        me = windows.index();
        this.addition = addition;
        int size = windows.group().size();
        windowBytes = new ByteBuffer[size];
        floats = new FloatBuffer[size];
        doubles = new DoubleBuffer[size];
        for (int member = 0; member < size; member++) {
            windowBytes[member] = windows.data(member);
            floats[member] = windows.data(member).asFloatBuffer();
            doubles[member] = windows.data(member).asDoubleBuffer();
        }
    }

    /**
     * Replaces {@code bytes} bytes of this member's tensor by their sum with what the other members have at {@code from}
     * of their windows.
     */
    void addInPlace(TensorType type, ByteBuffer tensor, int at, int bytes, int from) {
        if (bytes > 0 && addition.isPresent() && tensor.isDirect()) {
            addDirectly(addition.get(), type, tensor, at, bytes, from);
        } else {
            addByBlocks(type, tensor, at, bytes, from);
        }
    }

    /** A sum of two has no order, so the first two members' numbers may be added either way round. */
    private void addDirectly(Addition direct, TensorType type, ByteBuffer tensor, int at, int bytes, int from) {
        if (me == 1) {
            direct.add(type, tensor, at, windowBytes[0], from, bytes);
        } else if (me > 1) {
            for (int done = 0; done < bytes; done += BLOCK_BYTES) {
                int part = Math.min(BLOCK_BYTES, bytes - done);
                block.put(0, windowBytes[0], from + done, part);
                for (int member = 1; member < me; member++) {
                    direct.add(type, block, 0, windowBytes[member], from + done, part);
                }
                direct.add(type, tensor, at + done, block, 0, part);
            }
        }
        for (int member = me + 1; member < windowBytes.length; member++) {
            direct.add(type, tensor, at, windowBytes[member], from, bytes);
        }
    }

    private void addByBlocks(TensorType type, ByteBuffer tensor, int at, int bytes, int from) {
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
