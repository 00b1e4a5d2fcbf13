package io.shardlab.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Drains one output stream of a worker on a thread of its own, and passes it on in pieces: as soon as there are 8 kB, or what
 * there is after 100 ms. A slow receiver slows the worker; nothing is lost and no more than one piece is held.
 */
final class OutputPump {

    private static final int PIECE_BYTES = 8 << 10;
    private static final int READ_BYTES = 64 << 10;
    private static final long PIECE_MILLIS = 100;

    private final InputStream stream;
    private final Consumer<String> receiver;
    private final ScheduledExecutorService clock;
    private final ByteBuffer bytes = ByteBuffer.allocate(READ_BYTES + PIECE_BYTES);
    private final CharBuffer chars = CharBuffer.allocate(READ_BYTES + PIECE_BYTES);
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final Queue<Fence> fences = new PriorityQueue<>(Comparator.comparingLong(Fence::bytes));
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private long taken;
    private boolean timed;
    private boolean done;

    private record Fence(long bytes, CompletableFuture<Void> passed) {}

    OutputPump(String name, InputStream stream, ScheduledExecutorService clock, Consumer<String> receiver) {
        this.stream = stream;
        this.receiver = receiver;
        this.clock = clock;
        Daemon.start("shardlab-" + name, this::drain);
    }

    /** Ends when the first {@code count} bytes of the stream, or all there are, have been passed on. */
    CompletableFuture<Void> passed(long count) {
        CompletableFuture<Void> passed = new CompletableFuture<>();
        synchronized (this) {
            fences.add(new Fence(count, passed));
            if (taken >= count || done) {
                pass(false);
            }
        }
        return passed;
    }

    /** Whether the first {@code count} bytes of the stream, or all there are, have come; then they have been passed on as well. */
    synchronized boolean hasPassed(long count) {
        boolean there = taken >= count || done;
        if (there && bytes.position() > 0) {
            pass(false);
        }
        return there;
    }

    /** Ends with the stream. */
    CompletableFuture<Void> ended() {
        return ended;
    }

    private void drain() {
        byte[] piece = new byte[READ_BYTES];
        try {
            for (int count = stream.read(piece); count >= 0; count = stream.read(piece)) {
                take(piece, count);
            }
        } catch (IOException closed) {
            // The process is gone: what came before is all there is.
        }
        synchronized (this) {
            pass(true);
            done = true;
            releaseFences();
        }
        ended.complete(null);
    }

    private synchronized void take(byte[] piece, int count) {
        bytes.put(piece, 0, count);
        taken += count;
        Fence first = fences.peek();
        if (bytes.position() >= PIECE_BYTES || (first != null && taken >= first.bytes())) {
            pass(false);
        } else if (!timed) {
            timed = true;
            clock.schedule(this::passInTime, PIECE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private synchronized void passInTime() {
        timed = false;
        pass(false);
    }

    /** Called with this object's lock held. */
    private void pass(boolean last) {
        if (!done) {
            bytes.flip();
            decoder.decode(bytes, chars, last);
            bytes.compact(); // At most three bytes of a split character stay.
            if (last) {
                decoder.flush(chars);
            }
            if (chars.flip().hasRemaining()) {
                receiver.accept(chars.toString());
            }
            chars.clear();
        }
        releaseFences();
    }

    private void releaseFences() {
        while (!fences.isEmpty() && (done || taken >= fences.element().bytes())) {
            fences.remove().passed().complete(null);
        }
    }
}
