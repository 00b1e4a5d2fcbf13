package io.shardlab.magics.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class GridTest {

    private record Row(String name, OptionalDouble value) {}

    private static final Grid<Row> GRID = new Grid<>(
            "a <caption>",
            List.of(
                    Column.text("name", "the name", Row::name),
                    Column.optionalNumber("value_ms", "value ms", 1, Row::value)),
            List.of(
                    new Row("<script>alert('x')</script>", OptionalDouble.of(1234.56)),
                    new Row("a & \"b\"", OptionalDouble.empty())));

    @Test
    void htmlIsEscapedAndCarriesAttributesOnly() {
        String html = GRID.html();
        assertTrue(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"), html);
        assertTrue(html.contains("a &lt;caption&gt;") && html.contains("a &amp; &quot;b&quot;"), html);
        assertTrue(html.contains("<td align=\"right\">1,234.6</td>"), html);
        assertTrue(html.contains("<th align=\"right\">value ms</th>"), html);
    }

    /** A plan's table was cut at the right edge of a saved page, or moved all of its output with it. */
    @Test
    void aTableThatIsTooWideScrollsByItself() {
        assertTrue(GRID.html().startsWith("<div style=\"overflow-x:auto\"><table "), GRID.html());
        assertTrue(GRID.html().endsWith("</table></div>\n"), GRID.html());
    }

    @Test
    void textIsAlignedAndUnknownIsADash() {
        assertEquals(
                """
                a <caption>
                the name                     value ms
                ─────────────────────────────────────
                <script>alert('x')</script>   1,234.6
                a & "b"                             –
                """,
                GRID.text());
    }

    @Test
    void theTableCarriesPromisedNamesFullPrecisionAndMissingValues() {
        Table table = GRID.table();
        assertEquals(List.of("name", "value_ms"), table.columnNames());
        assertEquals(1234.56, table.doubleColumn("value_ms").get(0));
        assertTrue(table.column("value_ms").isMissing(1));
    }

    @Test
    void figuresAreReadable() {
        assertEquals("1.5 MB", Figures.bytes(3 << 19));
        assertEquals("12.3k", Figures.count(12_345));
        assertEquals("1.0e-09", Figures.decimal(1e-9, 4));
        assertEquals("0.0", Figures.decimal(0, 1));
        assertEquals("0.0", Figures.decimal(-3.2e-4, 1));
        assertEquals("0.0", Figures.decimal(3.9e-2, 1));
        assertEquals("2.0e-06", Figures.decimal(2e-6, 4));
        assertEquals("NaN", Figures.decimal(Double.NaN, 1));
    }
}
