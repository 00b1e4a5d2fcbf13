package io.shardlab.magics.session;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Token ids that are bytes, as text, character by character as they become whole. One thread. */
final class ByteText {

    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final ByteBuffer pending = ByteBuffer.allocate(8);

    static List<Integer> tokens(String text, int vocabulary) {
        List<Integer> ids = new ArrayList<>();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            ids.add((b & 0xFF) % vocabulary);
        }
        return ids;
    }

    /** The characters that this byte completes. */
    String add(int id) {
        pending.put((byte) id);
        return decode(false);
    }

    /** What is left, incomplete characters replaced. */
    String end() {
        return decode(true);
    }

    private String decode(boolean last) {
        CharBuffer out = CharBuffer.allocate(16);
        pending.flip();
        decoder.decode(pending, out, last);
        pending.compact();
        return out.flip().toString();
    }
}
