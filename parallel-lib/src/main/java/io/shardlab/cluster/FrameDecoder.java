package io.shardlab.cluster;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * Cuts a stream of bytes into frames. What is no frame is dropped and complained about, and the next frame is looked for: no
 * input makes it throw, and it holds no more than one frame of the largest size. Owned by one thread.
 */
final class FrameDecoder {

    private static final int FIRST_BYTES = 8192;

    private final Consumer<String> complaints;
    private byte[] held = new byte[FIRST_BYTES];
    private int start;
    private int end;
    private int lastSequence;
    private boolean lost;

    FrameDecoder(Consumer<String> complaints) {
        this.complaints = complaints;
    }

    /** Takes all of {@code input} and returns the frames that are now complete. */
    List<Frame> decode(ByteBuffer input) {
        append(input);
        List<Frame> frames = new ArrayList<>();
        while (end - start >= Frame.HEADER_BYTES) {
            ByteBuffer header = ByteBuffer.wrap(held, start, Frame.HEADER_BYTES).slice();
            String fault = fault(header);
            if (!fault.isEmpty()) {
                skip(fault);
                continue;
            }
            int length = header.getInt(12);
            if (end - start < Frame.HEADER_BYTES + length) {
                break;
            }
            if (Frame.crc(held, start + Frame.HEADER_BYTES, length) != header.getInt(16)) {
                skip("payload checksum differs");
                continue;
            }
            take(header, length, frames);
        }
        return frames;
    }

    private void take(ByteBuffer header, int length, List<Frame> frames) {
        lost = false;
        int from = start + Frame.HEADER_BYTES;
        start = from + length;
        int sequence = header.getInt(8);
        if (sequence <= lastSequence) {
            complaints.accept("frame " + sequence + " after frame " + lastSequence + " dropped: replayed");
            return;
        }
        lastSequence = sequence;
        frames.add(new Frame(header.get(5), sequence, Arrays.copyOfRange(held, from, from + length)));
    }

    private static String fault(ByteBuffer header) {
        if (header.getInt(0) != Frame.MAGIC) {
            return "no frame begins here";
        }
        if (Frame.crc(header.array(), header.arrayOffset(), Frame.HEADER_BYTES - 4) != header.getInt(20)) {
            return "header checksum differs";
        }
        if (header.get(4) != Frame.VERSION) {
            return "version " + header.get(4) + ", expected " + Frame.VERSION;
        }
        int length = header.getInt(12);
        if (length < 0 || length > Frame.MOST_PAYLOAD_BYTES) {
            return "payload of " + length + " bytes, at most " + Frame.MOST_PAYLOAD_BYTES;
        }
        return "";
    }

    /** Goes on to the next byte that could begin a frame; complains once per gap. */
    private void skip(String fault) {
        if (!lost) {
            lost = true;
            complaints.accept("bytes dropped: " + fault);
        }
        start++;
        while (start < end && held[start] != (byte) (Frame.MAGIC >>> 24)) {
            start++;
        }
    }

    private void append(ByteBuffer input) {
        int more = input.remaining();
        if (held.length - end < more) {
            int kept = end - start;
            // The array grows with what has arrived, not with what a header promises.
            byte[] target = kept + more <= held.length ? held : new byte[Math.max(kept + more, 2 * kept)];
            System.arraycopy(held, start, target, 0, kept);
            held = target;
            start = 0;
            end = kept;
        }
        input.get(held, end, more);
        end += more;
        if (start == end && held.length > FIRST_BYTES) {
            held = new byte[FIRST_BYTES];
        }
    }
}
