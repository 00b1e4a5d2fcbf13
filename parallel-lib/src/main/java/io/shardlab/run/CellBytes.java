package io.shardlab.run;

import io.shardlab.cell.CellOutcome;
import io.shardlab.cell.CellProgram;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A cell that ranks know already, and how it went, as plain bytes: writing and reading their JSON would take longer than the cell.
 */
public final class CellBytes {

    private CellBytes() {}

    /** Whether a request is one for a cell that brings neither classes nor values. */
    public static boolean say(Request request) {
        return request instanceof Request.Cell cell
                && cell.program().classes().isEmpty()
                && cell.pushed().isEmpty();
    }

    /** Whether a reply is that of a cell without a failure. */
    public static boolean say(Reply reply) {
        return reply instanceof Reply.CellRan ran && !ran.failed();
    }

    /** The bytes of a request that they can {@linkplain #say(Request) say}, behind so much room. */
    public static ByteBuffer of(Request request, int room) {
        if (!(request instanceof Request.Cell cell) || !say(request)) {
            throw new IllegalArgumentException("bytes do not say " + request.getClass());
        }
        Writer to = new Writer(room);
        to.flag(cell.freshGroup());
        to.count(cell.ranks().size());
        cell.ranks().forEach(to::count);
        to.count(cell.program().steps().size());
        for (CellProgram.Step step : cell.program().steps()) {
            to.text(step.type());
            to.text(step.method());
            to.text(step.declares());
            to.text(step.temporary());
            to.flag(step.echo());
        }
        return to.written();
    }

    /** The bytes of a reply that they can {@linkplain #say(Reply) say}, behind so much room. */
    public static ByteBuffer of(Reply reply, int room) {
        if (!(reply instanceof Reply.CellRan ran) || !say(reply)) {
            throw new IllegalArgumentException("bytes do not say " + reply.getClass());
        }
        CellOutcome outcome = ran.outcome();
        Writer to = new Writer(room);
        to.flag(outcome.selected());
        to.flag(outcome.cancelled());
        to.count(outcome.stepsDone());
        to.number(Double.doubleToRawLongBits(outcome.millis()));
        to.flag(outcome.value().isPresent());
        outcome.value().ifPresent(value -> {
            to.text(value.type());
            to.text(value.text());
            to.bytes(value.png());
        });
        return to.written();
    }

    /**
     * Reads a request to the end of the buffer.
     *
     * @throws BufferUnderflowException if it is cut off
     * @throws IllegalArgumentException if it is damaged in another way
     */
    public static Request request(ByteBuffer bytes) {
        Reader from = new Reader(bytes);
        boolean fresh = from.flag();
        List<Integer> ranks = new ArrayList<>();
        for (int left = from.count(); left > 0; left--) {
            ranks.add(from.count());
        }
        List<CellProgram.Step> steps = new ArrayList<>();
        for (int left = from.count(); left > 0; left--) {
            steps.add(new CellProgram.Step(from.text(), from.text(), from.text(), from.text(), from.flag()));
        }
        from.requireEnd();
        return new Request.Cell(new CellProgram(List.of(), steps), ranks, Map.of(), fresh);
    }

    /** Reads a reply to the end of the buffer; throws as {@link #request} does. */
    public static Reply reply(ByteBuffer bytes) {
        Reader from = new Reader(bytes);
        boolean selected = from.flag();
        boolean cancelled = from.flag();
        int stepsDone = from.count();
        double millis = Double.longBitsToDouble(from.number());
        Optional<CellOutcome.Shown> value = from.flag()
                ? Optional.of(new CellOutcome.Shown(from.text(), from.text(), from.bytes()))
                : Optional.empty();
        from.requireEnd();
        return new Reply.CellRan(new CellOutcome(selected, stepsDone, value, Optional.empty(), cancelled, millis));
    }

    private static final class Writer {

        private ByteBuffer buffer = ByteBuffer.allocate(512);

        Writer(int room) {
            buffer.position(room);
        }

        private ByteBuffer room(int bytes) {
            if (buffer.remaining() < bytes) {
                int needed = buffer.position() + bytes;
                buffer = ByteBuffer.allocate(Math.max(2 * buffer.capacity(), needed))
                        .put(buffer.flip());
            }
            return buffer;
        }

        void flag(boolean value) {
            room(1).put((byte) (value ? 1 : 0));
        }

        void count(int value) {
            room(Integer.BYTES).putInt(value);
        }

        void number(long value) {
            room(Long.BYTES).putLong(value);
        }

        void text(String value) {
            bytes(value.getBytes(StandardCharsets.UTF_8));
        }

        void bytes(byte[] value) {
            count(value.length);
            room(value.length).put(value);
        }

        ByteBuffer written() {
            return buffer.flip();
        }
    }

    private record Reader(ByteBuffer buffer) {

        boolean flag() {
            return buffer.get() != 0;
        }

        int count() {
            int count = buffer.getInt();
            if (count < 0) {
                throw new IllegalArgumentException("a count of " + count + " in a cell's message");
            }
            return count;
        }

        long number() {
            return buffer.getLong();
        }

        String text() {
            return new String(bytes(), StandardCharsets.UTF_8);
        }

        byte[] bytes() {
            int length = count();
            if (length > buffer.remaining()) {
                throw new BufferUnderflowException();
            }
            byte[] bytes = new byte[length];
            buffer.get(bytes);
            return bytes;
        }

        void requireEnd() {
            if (buffer.hasRemaining()) {
                throw new IllegalArgumentException(buffer.remaining() + " bytes too many in a cell's message");
            }
        }
    }
}
