package io.shardlab.cluster;

import io.shardlab.run.CellBytes;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/**
 * The two messages whose content {@link CellBytes} can say: the asking for a cell and its answer. A first byte says which it is
 * (JSON begins with neither), big-endian 64-bit numbers follow (the request's; in an answer also the bytes printed to standard
 * output and error), then the content.
 */
final class BriefCell {

    private static final byte ASK = 1;
    private static final byte ANSWER = 2;
    private static final int ASK_HEAD = 1 + Long.BYTES;
    private static final int ANSWER_HEAD = 1 + 3 * Long.BYTES;

    private BriefCell() {}

    static byte[] encode(Message.Ask ask) {
        ByteBuffer bytes = CellBytes.of(ask.request(), ASK_HEAD);
        return whole(bytes.put(0, ASK).putLong(1, ask.id()));
    }

    static byte[] encode(Message.Answer answer) {
        ByteBuffer bytes = CellBytes.of(answer.reply(), ANSWER_HEAD).put(0, ANSWER);
        bytes.putLong(1, answer.id()).putLong(1 + Long.BYTES, answer.printedBytes());
        return whole(bytes.putLong(1 + 2 * Long.BYTES, answer.errorBytes()));
    }

    private static byte[] whole(ByteBuffer bytes) {
        byte[] whole = new byte[bytes.limit()];
        bytes.get(0, whole);
        return whole;
    }

    /** Whether these bytes are one of the two messages. */
    static boolean begins(byte[] payload) {
        return payload.length > 0 && (payload[0] == ASK || payload[0] == ANSWER);
    }

    /** @throws IOException if the bytes are cut off or damaged in another way */
    static Message decode(byte[] payload) throws IOException {
        ByteBuffer from = ByteBuffer.wrap(payload, 1, payload.length - 1);
        try {
            long id = from.getLong();
            if (payload[0] == ASK) {
                return new Message.Ask(id, CellBytes.request(from));
            }
            long printed = from.getLong();
            long errors = from.getLong();
            return new Message.Answer(id, CellBytes.reply(from), printed, errors);
        } catch (BufferUnderflowException cut) {
            throw new IOException("a cell's message of " + payload.length + " bytes ends too early", cut);
        } catch (IllegalArgumentException damaged) {
            throw new IOException(damaged.getMessage(), damaged);
        }
    }
}
