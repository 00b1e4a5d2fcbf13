package io.shardlab.transport;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;

/**
 * The writing end of the messages from one member to another: a ring of bytes in shared memory and, behind it, a queue
 * of what did not fit.
 *
 * <p>The compute thread sends; the {@link Flusher} moves the queue into the ring. The object's lock guards both.
 */
final class Outbox {

    static final int HEADER_BYTES = 32;
    private static final int PIECE_BYTES = 64 << 10;
    private static final int SPINS_FOR_ACTIVE_READER = 2000;

    private final Segment segment;
    private final Flusher flusher;
    private final Wire wire;
    private final int ringAt;
    private final int ringBytes;
    private final int writtenAt;
    private final int readAt;
    private final ByteBuffer header = ByteBuffer.allocateDirect(HEADER_BYTES).order(ByteOrder.nativeOrder());
    private final ArrayDeque<ByteBuffer> queue = new ArrayDeque<>();
    private long written;
    private long messages;
    private boolean closed;

    Outbox(Segment segment, Layout layout, int from, int to, Windows.Ends ends) {
        this.segment = segment;
        this.flusher = ends.flusher();
        this.wire = ends.wire();
        this.ringAt = layout.ring(from, to);
        this.ringBytes = layout.ringBytes();
        this.writtenAt = layout.written(from, to);
        this.readAt = layout.read(from, to);
    }

    synchronized void send(long tag, ByteBuffer message) {
        if (closed) {
            throw new IllegalStateException("the windows of this message's group are closed");
        }
        header.putLong(0, tag).putLong(8, message.remaining()).putLong(16, messages++);
        header.putLong(24, wire.arrivalNanos(message.remaining()));
        append(header, 0, HEADER_BYTES);
        append(message, message.position(), message.remaining());
        if (!queue.isEmpty()) {
            flusher.wake(this);
        }
    }

    /** Moves queued bytes into the ring, as many as it has room for; returns how many. */
    synchronized long flush() {
        long moved = 0;
        while (!closed && !queue.isEmpty()) {
            ByteBuffer piece = queue.element();
            int part = write(piece, piece.position(), piece.remaining());
            moved += part;
            piece.position(piece.position() + part);
            if (piece.hasRemaining()) {
                break;
            }
            flusher.takeBack(queue.remove());
        }
        return moved;
    }

    synchronized boolean isDrained() {
        return queue.isEmpty();
    }

    synchronized void reset() {
        queue.clear();
        written = 0;
        messages = 0;
        segment.release(writtenAt, 0);
    }

    synchronized void close() {
        closed = true;
        queue.clear();
    }

    private void append(ByteBuffer source, int from, int length) {
        int done = 0;
        if (queue.isEmpty()) {
            done = writeWhileRead(source, from, length);
        }
        while (done < length) {
            ByteBuffer piece = flusher.piece(PIECE_BYTES);
            int part = Math.min(length - done, PIECE_BYTES);
            piece.clear().put(0, source, from + done, part).limit(part);
            queue.add(piece);
            done += part;
        }
    }

    /** Writes on as long as a reader makes room at once: a long message then needs no queue. */
    private int writeWhileRead(ByteBuffer source, int from, int length) {
        long readBefore = segment.acquire(readAt);
        int done = 0;
        int spins = 0;
        while (done < length) {
            int part = write(source, from + done, Math.min(length - done, PIECE_BYTES));
            done += part;
            if (part > 0) {
                spins = 0;
            } else if (segment.acquire(readAt) == readBefore || ++spins > SPINS_FOR_ACTIVE_READER) {
                break;
            } else {
                Thread.onSpinWait();
            }
        }
        return done;
    }

    private int write(ByteBuffer source, int from, int length) {
        long room = ringBytes - (written - segment.acquire(readAt));
        int part = (int) Math.max(0, Math.min(length, room));
        int at = (int) (written % ringBytes);
        int first = Math.min(part, ringBytes - at);
        segment.bytes().put(ringAt + at, source, from, first);
        segment.bytes().put(ringAt, source, from + first, part - first);
        written += part;
        segment.release(writtenAt, written);
        return part;
    }
}
