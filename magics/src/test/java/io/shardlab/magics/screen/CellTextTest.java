package io.shardlab.magics.screen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class CellTextTest {

    private final RecordingPort port = new RecordingPort(true);
    private final AtomicLong now = new AtomicLong();

    private CellText text(boolean grouped) {
        return new CellText(grouped, now::get);
    }

    @Test
    void equalOutputsAreShownOnceWithTheirRanks() {
        CellText text = text(false);
        for (int rank = 0; rank < 4; rank++) {
            text.printed(rank, false, "hel");
            text.printed(rank, false, "lo\n");
        }
        text.end(port);
        assertEquals("ranks 0–3 (×4): hello\n", port.streamed.toString());
    }

    @Test
    void differentOutputsKeepTheirOrderAndTheirUnfinishedLine() {
        CellText text = text(false);
        text.printed(1, false, "a\nb\n");
        text.printed(0, true, "oh");
        text.printed(2, false, "a\nb\n");
        text.end(port);
        assertEquals("rank 0 (stderr): oh\nranks 1–2 (×2):\na\nb\n", port.streamed.toString());
    }

    @Test
    void aLongCellShowsWhatItPrintsWhileItRunsUnlessItIsGrouped() {
        CellText live = text(false);
        CellText grouped = text(true);
        for (CellText each : new CellText[] {live, grouped}) {
            each.printed(0, false, "first\nunfini");
            each.tick(port);
        }
        assertEquals("", port.streamed.toString(), "a line waits for those of other ranks");
        now.addAndGet(1_000_000_001);
        grouped.tick(port);
        assertEquals("", port.streamed.toString());
        live.tick(port);
        assertEquals("rank 0: first\n", port.streamed.toString());
        live.printed(0, false, "shed\n");
        live.end(port);
        assertEquals("rank 0: first\nrank 0: unfinished\n", port.streamed.toString());
    }

    @Test
    void twentyThousandLinesOfFourRanksAreAllShown() {
        CellText text = text(false);
        for (int line = 0; line < 20_000; line++) {
            for (int rank = 0; rank < 4; rank++) {
                text.printed(rank, false, "rank " + rank + " says line " + line + "\n");
            }
        }
        text.end(port);
        assertEquals(80_004, port.streamed.toString().lines().count());
    }

    @Test
    void aCopyHasHeardTheSameAndGoesItsOwnWay() {
        CellText text = text(false);
        text.printed(0, false, "a\nb");
        CellText copy = text.copy();
        copy.printed(0, false, "c\n");
        copy.end(port);
        assertEquals("rank 0:\na\nbc\n", port.streamed.toString());
        text.end(port);
        assertEquals("rank 0:\na\nbc\nrank 0:\na\nb\n", port.streamed.toString());
    }

    @Test
    void aFloodIsBoundedItsEndIsKeptAndOthersAreStillHeard() {
        CellText text = text(false);
        int lines = 3_000_000;
        for (int line = 0; line < lines; line++) {
            text.printed(0, false, "flood " + line + "\n");
        }
        text.printed(1, false, "still here\n");
        text.end(port);
        String shown = port.streamed.toString();
        assertTrue(shown.length() < CellText.MOST_CHARS_OF_RANK + (128 << 10), () -> "shown " + shown.length());
        assertTrue(shown.contains("flood " + (lines - 1) + "\n"));
        assertTrue(shown.contains("rank 1: still here\n"));
        long whole = shown.lines().filter(line -> line.startsWith("flood ")).count();
        long dropped = Long.parseLong(shown.replaceAll("(?s).*… ([0-9,]+) lines \\([0-9.]+ MB\\) are not shown.*", "$1")
                .replace(",", ""));
        assertEquals(lines, whole + dropped);
    }
}
