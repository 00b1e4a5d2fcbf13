package io.shardlab.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.run.Event;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameDecoderTest {

    private final List<String> complaints = new ArrayList<>();

    @Test
    void framesSurviveAnyCutting() {
        byte[] stream = stream(50);
        Random random = new Random(1);
        for (int run = 0; run < 200; run++) {
            FrameDecoder decoder = new FrameDecoder(complaints::add);
            List<Frame> frames = new ArrayList<>();
            for (int from = 0; from < stream.length; ) {
                int count = Math.min(stream.length - from, 1 + random.nextInt(60));
                frames.addAll(decoder.decode(ByteBuffer.wrap(stream, from, count)));
                from += count;
            }
            assertEquals(50, frames.size());
            assertArrayEquals(payload(49), frames.get(49).payload());
        }
        assertEquals(List.of(), complaints);
    }

    @Test
    void mutatedStreamsNeitherThrowNorSmuggleAFrameIn() {
        byte[] stream = stream(8);
        Random random = new Random(20261123);
        long intact = 0;
        for (int run = 0; run < 100_000; run++) {
            byte[] mutant = mutate(stream, random);
            FrameDecoder decoder = new FrameDecoder(complaint -> {});
            for (Frame frame : decoder.decode(ByteBuffer.wrap(mutant))) {
                assertArrayEquals(payload(frame.sequence() - 1), frame.payload());
                intact++;
            }
        }
        assertTrue(intact > 100_000, "most frames around the damage must survive, did " + intact);
    }

    @Test
    void pureNoiseGivesNoFrame() {
        Random random = new Random(3);
        FrameDecoder decoder = new FrameDecoder(complaints::add);
        byte[] noise = new byte[1 << 20];
        random.nextBytes(noise);
        assertEquals(List.of(), decoder.decode(ByteBuffer.wrap(noise)));
        assertEquals(1, complaints.size(), "one complaint per gap");
        assertEquals(
                1,
                decoder.decode(new Frame(Frame.MESSAGE, 1, payload(0)).encode()).size());
    }

    @Test
    void aReplayedFrameIsDropped() {
        FrameDecoder decoder = new FrameDecoder(complaints::add);
        Frame frame = new Frame(Frame.MESSAGE, 7, payload(1));
        assertEquals(1, decoder.decode(frame.encode()).size());
        assertEquals(0, decoder.decode(frame.encode()).size());
        assertEquals(List.of("frame 7 after frame 7 dropped: replayed"), complaints);
    }

    @Test
    void anOversizedFrameIsDroppedWithoutWaitingForIt() {
        ByteBuffer header = ByteBuffer.allocate(Frame.HEADER_BYTES);
        header.putInt(Frame.MAGIC).put(Frame.VERSION).put(Frame.MESSAGE).putShort((short) 0);
        header.putInt(1).putInt(Frame.MOST_PAYLOAD_BYTES + 1).putInt(0);
        header.putInt(Frame.crc(header.array(), 0, Frame.HEADER_BYTES - 4)).flip();
        FrameDecoder decoder = new FrameDecoder(complaints::add);
        assertEquals(0, decoder.decode(header).size());
        assertEquals(
                1,
                decoder.decode(new Frame(Frame.MESSAGE, 2, payload(0)).encode()).size());
        assertTrue(complaints.get(0).contains("at most"), () -> complaints.get(0));
        assertThrows(
                IllegalArgumentException.class,
                () -> new Frame(Frame.MESSAGE, 1, new byte[Frame.MOST_PAYLOAD_BYTES + 1]));
    }

    @Test
    void messagesComeBackAsTheyWere() throws Exception {
        List<Message> messages = List.of(
                new Message.Hello(1, "n", 2, 3, Message.Line.SIGNALS),
                new Message.Ask(1, new Request.Print(4)),
                new Message.Cancel(5),
                new Message.Abort("why \"so\" ✓"),
                new Message.Exit(),
                new Message.Said(new Event.Progress("x", 1, 2)),
                new Message.Answer(1, new Reply.Failed("T", "forward, step 7", "m", List.of("a"), true), 2, 3));
        for (Message message : messages) {
            assertEquals(message, Message.decode(message.encode()));
        }
    }

    private static byte[] mutate(byte[] stream, Random random) {
        byte[] mutant = stream.clone();
        int changes = 1 + random.nextInt(3);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(mutant.length);
            switch (random.nextInt(3)) {
                case 0 -> mutant[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> mutant[at] = (byte) random.nextInt(256);
                default -> {
                    int count = Math.min(mutant.length - at, random.nextInt(40));
                    int from = random.nextInt(stream.length - count);
                    System.arraycopy(stream, from, mutant, at, count);
                }
            }
        }
        return mutant;
    }

    private static byte[] stream(int count) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < count; i++) {
            bytes.writeBytes(
                    new Frame(Frame.MESSAGE, i + 1, payload(i)).encode().array());
        }
        return bytes.toByteArray();
    }

    private static byte[] payload(int number) {
        return ("message " + number + "x".repeat(number)).getBytes(StandardCharsets.UTF_8);
    }
}
