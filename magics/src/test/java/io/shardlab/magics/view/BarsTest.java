package io.shardlab.magics.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class BarsTest {

    @Test
    void aBarIsAsLongAsItsShareInEighthsOfACharacter() {
        assertEquals("██████████", Bars.text(Bars.plain(1), 10));
        assertEquals("█████", Bars.text(Bars.plain(0.5), 10));
        assertEquals("█▎", Bars.text(Bars.plain(0.125), 10));
        assertEquals("", Bars.text(Bars.plain(0), 10));
    }

    @Test
    void somethingSmallStillShowsAndNothingRunsOver() {
        assertEquals("▏", Bars.text(Bars.plain(1e-9), 10));
        assertEquals("██████████", Bars.text(Bars.plain(7), 10));
        assertEquals("", Bars.text(Bars.plain(Double.NaN), 10));
    }

    @Test
    void partsOfABarMeetWithoutGapAndEndWhereTheirSumEnds() {
        List<Bars.Part> parts =
                List.of(new Bars.Part("#0072B2", 0.33), new Bars.Part("#E69F00", 0.33), new Bars.Part("#009E73", 0.34));
        String text = Bars.html(parts, 10).replaceAll("<[^>]*>", "");
        assertEquals(10, text.length());
        assertTrue(text.matches("█+"), text);
    }

    @Test
    void coloursAreAttributesSoThatUntrustedNotebooksKeepThem() {
        String html = Bars.html(Bars.used(0.95), 10);
        assertTrue(html.startsWith("<font color=\"#D55E00\">"), html);
        assertTrue(!html.contains("style"), html);
    }

    @Test
    void aBarIsShownButIsNoColumnOfTheData() {
        Grid<Integer> grid = new Grid<>(
                "",
                List.of(
                        Column.integer("value", "value", row -> row),
                        Column.bar("bar", 4, row -> Bars.plain(row / 4.0)),
                        Column.dataOnly(Column.integer("twice", "twice", row -> 2 * row))),
                List.of(2, 4));
        assertEquals(List.of("value", "twice"), grid.table().columnNames());
        assertEquals("value  bar\n───────────\n    2  ██\n    4  ████\n", grid.text());
        assertTrue(!grid.html().contains("twice"));
    }
}
