package io.shardlab.cluster;

import io.shardlab.cell.CellOutcome;
import io.shardlab.cell.CellProgram;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The two messages of a cell that ranks know already, as plain bytes: writing and reading their JSON would take longer than the
 * cell. The first byte says which message it is; JSON never begins with one of these.
 */
final class BriefCell {

    private static final byte ASK = 1;
    private static final byte ANSWER = 2;

    private BriefCell() {}

    /** Whether a request needs nothing that only JSON says. */
    static boolean says(Request request) {
        return request instanceof Request.Cell cell
                && cell.program().classes().isEmpty()
                && cell.pushed().isEmpty();
    }

    /** Whether a reply needs nothing that only JSON says. */
    static boolean says(Reply reply) {
        return reply instanceof Reply.CellRan ran && ran.outcome().failure().isEmpty();
    }

    static byte[] encode(Message.Ask ask) {
        Request.Cell cell = (Request.Cell) ask.request();
        Writer to = new Writer(ASK);
        to.number(ask.id());
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
        return to.bytes();
    }

    static byte[] encode(Message.Answer answer) {
        CellOutcome outcome = ((Reply.CellRan) answer.reply()).outcome();
        Writer to = new Writer(ANSWER);
        to.number(answer.id());
        to.number(answer.printedBytes());
        to.number(answer.errorBytes());
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
        return to.bytes();
    }

    /** Whether these bytes are one of the two messages. */
    static boolean begins(byte[] payload) {
        return payload.length > 0 && (payload[0] == ASK || payload[0] == ANSWER);
    }

    static Message decode(byte[] payload) throws IOException {
        Reader from = new Reader(ByteBuffer.wrap(payload, 1, payload.length - 1));
        try {
            Message message = payload[0] == ASK ? ask(from) : answer(from);
            from.requireEnd();
            return message;
        } catch (BufferUnderflowException cut) {
            throw new IOException("a cell's message of " + payload.length + " bytes ends too early", cut);
        }
    }

    private static Message ask(Reader from) throws IOException {
        long id = from.number();
        boolean fresh = from.flag();
        List<Integer> ranks = new ArrayList<>();
        for (int left = from.count(); left > 0; left--) {
            ranks.add(from.count());
        }
        List<CellProgram.Step> steps = new ArrayList<>();
        for (int left = from.count(); left > 0; left--) {
            steps.add(new CellProgram.Step(from.text(), from.text(), from.text(), from.text(), from.flag()));
        }
        return new Message.Ask(id, new Request.Cell(new CellProgram(List.of(), steps), ranks, Map.of(), fresh));
    }

    private static Message answer(Reader from) throws IOException {
        long id = from.number();
        long printed = from.number();
        long errors = from.number();
        boolean selected = from.flag();
        boolean cancelled = from.flag();
        int stepsDone = from.count();
        double millis = Double.longBitsToDouble(from.number());
        Optional<CellOutcome.Shown> value = from.flag()
                ? Optional.of(new CellOutcome.Shown(from.text(), from.text(), from.bytes()))
                : Optional.empty();
        CellOutcome outcome = new CellOutcome(selected, stepsDone, value, Optional.empty(), cancelled, millis);
        return new Message.Answer(id, new Reply.CellRan(outcome), printed, errors);
    }

    private static final class Writer {

        private ByteBuffer buffer = ByteBuffer.allocate(512);

        Writer(byte kind) {
            buffer.put(kind);
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

        byte[] bytes() {
            byte[] written = new byte[buffer.position()];
            buffer.get(0, written);
            return written;
        }
    }

    private record Reader(ByteBuffer buffer) {

        boolean flag() {
            return buffer.get() != 0;
        }

        int count() throws IOException {
            int count = buffer.getInt();
            if (count < 0) {
                throw new IOException("a count of " + count + " in a cell's message");
            }
            return count;
        }

        long number() {
            return buffer.getLong();
        }

        String text() throws IOException {
            return new String(bytes(), StandardCharsets.UTF_8);
        }

        byte[] bytes() throws IOException {
            int length = count();
            if (length > buffer.remaining()) {
                throw new BufferUnderflowException();
            }
            byte[] bytes = new byte[length];
            buffer.get(bytes);
            return bytes;
        }

        void requireEnd() throws IOException {
            if (buffer.hasRemaining()) {
                throw new IOException(buffer.remaining() + " bytes too many in a cell's message");
            }
        }
    }
}
