package io.shardlab.transport;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The reading end of the messages from one member to another. Owned by the compute thread. */
final class Inbox {

    private static final int PIECE_BYTES = 64 << 10;

    private final Segment segment;
    private final int ringAt;
    private final int ringBytes;
    private final int writtenAt;
    private final int readAt;
    private final ByteBuffer header =
            ByteBuffer.allocateDirect(Outbox.HEADER_BYTES).order(ByteOrder.nativeOrder());
    private long read;
    private long messages;

    Inbox(Segment segment, Layout layout, int from, int to) {
        this.segment = segment;
        this.ringAt = layout.ring(from, to);
        this.ringBytes = layout.ringBytes();
        this.writtenAt = layout.written(from, to);
        this.readAt = layout.read(from, to);
    }

    /** The number of the message that is received next. */
    long number() {
        return messages;
    }

    /** Waits for the header of the next message; false on time-out. */
    boolean awaitHeader(Pacer pacer) {
        pacer.restart();
        while (available() < Outbox.HEADER_BYTES) {
            if (!pacer.pause()) {
                return false;
            }
        }
        copy(header, 0, Outbox.HEADER_BYTES);
        return true;
    }

    long tag() {
        return header.getLong(0);
    }

    long length() {
        return header.getLong(8);
    }

    /** When a simulated link delivers the message, {@link Wire#AT_ONCE} without one. */
    long arrivalNanos() {
        return header.getLong(24);
    }

    /** Takes the message whose header was seen; false on time-out. */
    boolean take(ByteBuffer target, Pacer pacer) {
        read += Outbox.HEADER_BYTES;
        segment.release(readAt, read);
        int length = target.remaining();
        int done = 0;
        pacer.restart();
        while (done < length) {
            int part = (int) Math.min(Math.min(available(), PIECE_BYTES), length - done);
            if (part > 0) {
                copy(target, target.position() + done, part);
                done += part;
                read += part;
                segment.release(readAt, read);
                pacer.restart();
            } else if (!pacer.pause()) {
                return false;
            }
        }
        messages++;
        return true;
    }

    void reset() {
        read = 0;
        messages = 0;
        segment.release(readAt, 0);
    }

    private long available() {
        return segment.acquire(writtenAt) - read;
    }

    private void copy(ByteBuffer target, int to, int length) {
        int at = (int) (read % ringBytes);
        int first = Math.min(length, ringBytes - at);
        target.put(to, segment.bytes(), ringAt + at, first);
        target.put(to + first, segment.bytes(), ringAt, length - first);
    }
}
