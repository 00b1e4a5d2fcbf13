package io.shardlab.transport;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A piece of memory that ranks share, with the two orderings they need. */
final class Segment {

    private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final ByteBuffer bytes;
    private final Object identity;

    /**
     * Shares memory.
     *
     * @param bytes start on a cache line and begin as zeros
     * @param identity equal for all ranks' views of one memory
     */
    Segment(ByteBuffer bytes, Object identity) {
        this.identity = identity;
        this.bytes = bytes.order(ByteOrder.nativeOrder());
    }

    Object identity() {
        return identity;
    }

    ByteBuffer bytes() {
        return bytes;
    }

    /** Reads a counter; what its writer wrote before it is visible afterwards. */
    long acquire(int at) {
        return (long) LONGS.getAcquire(bytes, at);
    }

    /** Writes a counter; what this thread wrote before is visible to who acquires it. */
    void release(int at, long value) {
        LONGS.setRelease(bytes, at, value);
    }

    ByteBuffer slice(int at, int length) {
        return bytes.slice(at, length).order(ByteOrder.nativeOrder());
    }
}
