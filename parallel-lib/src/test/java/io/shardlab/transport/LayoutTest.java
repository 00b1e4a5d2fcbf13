package io.shardlab.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LayoutTest {

    private record Range(String what, int start, int length) {}

    @ParameterizedTest
    @CsvSource({"2,2", "2,8", "3,4", "4,4", "8,8", "16,16", "32,32", "2,32"})
    void noTwoPartsOverlapAndCountersStandOnLinesOfTheirOwn(int members, int ranks) {
        for (Purpose purpose : Purpose.values()) {
            requireApart(Layout.of(members, ranks, purpose));
        }
    }

    private static void requireApart(Layout layout) {
        int members = layout.members();
        List<Range> ranges = new ArrayList<>();
        ranges.add(new Range("state", layout.state(), Layout.LINE));
        for (int m = 0; m < members; m++) {
            ranges.add(new Range("round " + m, layout.round(m), Layout.LINE));
            ranges.add(new Range("joined " + m, layout.joined(m), Layout.LINE));
            ranges.add(new Range("fault " + m, layout.fault(m), Layout.LINE + Layout.FAULT_TEXT_BYTES));
            ranges.add(new Range("data " + m, layout.data(m), layout.dataBytes()));
            for (int to = 0; to < members; to++) {
                if (to != m) {
                    ranges.add(new Range("written " + m + ">" + to, layout.written(m, to), Layout.LINE));
                    ranges.add(new Range("read " + m + ">" + to, layout.read(m, to), Layout.LINE));
                    ranges.add(new Range("ring " + m + ">" + to, layout.ring(m, to), layout.ringBytes()));
                }
            }
        }
        ranges.sort(Comparator.comparingInt(Range::start));
        int end = 0;
        for (Range range : ranges) {
            assertTrue(range.start() >= end, range + " begins before " + end);
            assertEquals(0, range.start() % Layout.LINE, range.toString());
            end = range.start() + range.length();
        }
        assertTrue(end <= layout.totalBytes(), "end " + end);
        assertTrue(layout.ringBytes() >= 1024 && layout.dataBytes() >= 16384, layout.toString());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 8, 32})
    void twoPlacedPlansStayWithinTheBudgetOfAJob(int ranks) {
        long reserved = 0;
        for (Purpose purpose : Purpose.values()) {
            for (int members = 2; members <= ranks; members++) {
                Layout layout = Layout.of(members, ranks, purpose);
                assertTrue(
                        layout.totalBytes() <= (long) members * Layout.memberBytes(ranks, purpose), layout.toString());
            }
            // Tensor, data and pipeline groups; mesh, tied weights and the cells' group.
            int groups = purpose == Purpose.CONTROL ? 6 : purpose == Purpose.COLLECTIVES ? 4 : 2;
            reserved += (long) groups * ranks * Layout.memberBytes(ranks, purpose);
        }
        assertTrue(reserved <= Layout.JOB_BYTES, "reserved " + reserved);
    }
}
