package io.shardlab.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Messages over a connected byte channel. One thread of the owner's, never interrupted, reads. Others put messages into a queue
 * that a thread of its own writes; one that nobody interrupts may write itself where that takes no time. An interrupt inside a
 * channel operation would close the channel.
 */
final class ControlChannel implements AutoCloseable {

    private static final int QUEUE_LENGTH = 4096;
    private static final int PIECE_BYTES = 64 << 10;

    private static final Callable<byte[]> END = () -> new byte[0];

    private final ByteChannel channel;
    private final Consumer<String> complaints;
    private final FrameDecoder decoder;
    private final Deque<Frame> decoded = new ArrayDeque<>();
    private final ByteBuffer input = ByteBuffer.allocateDirect(PIECE_BYTES);
    private final LinkedBlockingQueue<Callable<byte[]>> outgoing = new LinkedBlockingQueue<>(QUEUE_LENGTH);
    /** Messages that were taken on and are not written yet. */
    private final AtomicInteger unwritten = new AtomicInteger();

    private final Object writing = new Object();
    private final String name;
    private int sequence;
    private @Nullable Thread writer;

    ControlChannel(ByteChannel channel, String name, Consumer<String> complaints) {
        this.channel = channel;
        this.complaints = complaints;
        this.decoder = new FrameDecoder(complaints);
        this.name = name;
    }

    /** The next message, waiting for it; empty when the other side is gone. */
    Optional<Message> receive() {
        try {
            while (true) {
                while (decoded.isEmpty()) {
                    input.clear();
                    if (channel.read(input) < 0) {
                        return Optional.empty();
                    }
                    decoded.addAll(decoder.decode(input.flip()));
                }
                Optional<Message> message = parse(decoded.remove());
                if (message.isPresent()) {
                    return message;
                }
            }
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    private Optional<Message> parse(Frame frame) {
        if (frame.type() != Frame.MESSAGE) {
            complaints.accept("frame of unknown type " + frame.type() + " dropped");
            return Optional.empty();
        }
        try {
            return Optional.of(Message.decode(frame.payload()));
        } catch (IOException | IllegalArgumentException malformed) {
            complaints.accept("message dropped: " + malformed.getMessage());
            return Optional.empty();
        }
    }

    /** Queues a message, which the writing thread encodes; waits while the queue is full. */
    void put(Message message) throws InterruptedException {
        unwritten.incrementAndGet();
        startWriter();
        outgoing.put(message::encode);
    }

    /** Queues an encoded message; false if the other side has not read for so long that the queue is full. */
    boolean offer(byte[] encoded) {
        unwritten.incrementAndGet();
        startWriter();
        boolean taken = outgoing.offer(() -> encoded);
        if (!taken) {
            unwritten.decrementAndGet();
        }
        return taken;
    }

    /**
     * Writes an encoded message on the calling thread, unless others wait to be written: then it is queued behind them, and this
     * waits while the queue is full. For threads that nobody interrupts.
     */
    void write(byte[] encoded) throws InterruptedException {
        if (!writeNow(encoded)) {
            unwritten.incrementAndGet();
            startWriter();
            outgoing.put(() -> encoded);
        }
    }

    /** Writes an encoded message on the calling thread; false if others wait to be written. */
    boolean writeNow(byte[] encoded) {
        if (!unwritten.compareAndSet(0, 1)) {
            return false;
        }
        try {
            write(() -> encoded);
        } catch (IOException gone) {
            // The reading side finds the same end of the stream and says so.
            outgoing.clear();
        } finally {
            unwritten.decrementAndGet();
        }
        return true;
    }

    private synchronized void startWriter() {
        if (writer == null) {
            writer = Daemon.start("shardlab-write-" + name, this::writeAll);
        }
    }

    /** Writes what is queued, then stops writing; waits for that no longer than {@code millis}. */
    void flush(long millis) throws InterruptedException {
        Thread started;
        synchronized (this) {
            started = writer;
        }
        if (started != null) {
            outgoing.offer(END);
            started.join(Math.max(1, millis));
        }
    }

    private void writeAll() {
        try {
            for (Callable<byte[]> next = outgoing.take(); next != END; next = outgoing.take()) {
                write(next);
                unwritten.decrementAndGet();
            }
        } catch (IOException gone) {
            // The reading side finds the same end of the stream and says so.
            outgoing.clear();
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    private void write(Callable<byte[]> message) throws IOException {
        byte[] payload;
        try {
            payload = message.call();
        } catch (Exception unwritable) {
            complaints.accept("message not sent: " + unwritable);
            return;
        }
        synchronized (writing) {
            ByteBuffer bytes = new Frame(Frame.MESSAGE, ++sequence, payload).encode();
            while (bytes.hasRemaining()) {
                // In pieces: the JDK copies what it writes into direct memory of the same size.
                channel.write(bytes.limit(Math.min(bytes.capacity(), bytes.position() + PIECE_BYTES)));
                bytes.limit(bytes.capacity());
            }
        }
    }

    @Override
    public void close() {
        outgoing.offer(END);
        try {
            channel.close();
        } catch (IOException e) {
            complaints.accept("control socket: " + e.getMessage());
        }
    }
}
