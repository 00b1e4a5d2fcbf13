package io.shardlab.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cell.CellOutcome;
import io.shardlab.cell.CellProgram;
import io.shardlab.cell.RemoteValue;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BriefCellTest {

    private static final List<CellProgram.Step> STEPS = List.of(
            new CellProgram.Step("REPL.$JShell$12", "do_it$", "größe", "", false),
            new CellProgram.Step("REPL.$JShell$13", "do_it$", "", "$1", true));

    private static final Message.Ask ASK =
            new Message.Ask(7, new Request.Cell(new CellProgram(List.of(), STEPS), List.of(0, 2, 3), Map.of(), true));

    private static CellOutcome outcome(Optional<CellOutcome.Shown> value) {
        return new CellOutcome(true, 2, value, Optional.empty(), false, 0.125);
    }

    private static Message.Answer answer(Optional<CellOutcome.Shown> value) {
        return new Message.Answer(1L << 40, new Reply.CellRan(outcome(value)), 3, 1L << 33);
    }

    @Test
    void aKnownCellIsAskedForInBytesAndComesBackAsItWas() throws Exception {
        assertTrue(BriefCell.begins(ASK.encode()));
        assertEquals(ASK, Message.decode(ASK.encode()));
    }

    @Test
    void anAnswerComesBackAsItWas() throws Exception {
        Message.Answer plain = answer(Optional.empty());
        assertTrue(BriefCell.begins(plain.encode()));
        assertEquals(plain, Message.decode(plain.encode()));
        String text = "π ≈ 3.14 😀\n".repeat(500);
        byte[] png = {(byte) 0x89, 'P', 0, -1};
        Message.Answer shown = answer(Optional.of(new CellOutcome.Shown("Double", text, png)));
        Message.Answer back = (Message.Answer) Message.decode(shown.encode());
        CellOutcome.Shown value =
                ((Reply.CellRan) back.reply()).outcome().value().orElseThrow();
        assertEquals("Double", value.type());
        assertEquals(text, value.text());
        assertArrayEquals(png, value.png());
        assertEquals(1L << 33, back.errorBytes());
    }

    @Test
    void whatBytesDoNotSayGoesAsJson() throws Exception {
        CellProgram fresh = new CellProgram(List.of(new CellProgram.CompiledClass("A", new byte[] {1})), STEPS);
        Map<String, RemoteValue> pushed = Map.of("x", RemoteValue.of(4));
        CellOutcome.Thrown thrown = new CellOutcome.Thrown("T", "m", List.of(), List.of(), false);
        List<Message> messages = List.of(
                new Message.Ask(1, new Request.Cell(fresh, List.of(0), Map.of(), false)),
                new Message.Ask(1, new Request.Cell(new CellProgram(List.of(), STEPS), List.of(0), pushed, false)),
                new Message.Ask(1, new Request.Warm()),
                new Message.Answer(
                        1,
                        new Reply.CellRan(new CellOutcome(true, 0, Optional.empty(), Optional.of(thrown), false, 1)),
                        0,
                        0));
        for (Message message : messages) {
            assertFalse(BriefCell.begins(message.encode()), message::toString);
            assertEquals('{', message.encode()[0]);
        }
        Message.Answer failed = (Message.Answer) Message.decode(messages.get(3).encode());
        assertTrue(((Reply.CellRan) failed.reply()).failed());
    }

    @Test
    void cutOrLengthenedMessagesAreRefused() throws Exception {
        byte[] shown = answer(Optional.of(new CellOutcome.Shown("Integer", "3", new byte[0])))
                .encode();
        for (byte[] whole : List.of(ASK.encode(), shown)) {
            for (int length = 1; length < whole.length; length++) {
                byte[] cut = Arrays.copyOf(whole, length);
                assertThrows(IOException.class, () -> Message.decode(cut));
            }
            byte[] longer = Arrays.copyOf(whole, whole.length + 1);
            assertThrows(IOException.class, () -> Message.decode(longer));
        }
    }

    @Test
    void damagedMessagesGiveAMessageOrARefusalAndNothingElse() throws Exception {
        Random random = new Random(20261123);
        byte[] whole = ASK.encode();
        int refused = 0;
        for (int run = 0; run < 20_000; run++) {
            byte[] mutant = whole.clone();
            mutant[1 + random.nextInt(mutant.length - 1)] ^= (byte) (1 << random.nextInt(8));
            try {
                Message.decode(mutant);
            } catch (IOException expected) {
                refused++;
            }
        }
        assertTrue(refused > 1000, "damaged counts must be noticed, were " + refused);
    }
}
