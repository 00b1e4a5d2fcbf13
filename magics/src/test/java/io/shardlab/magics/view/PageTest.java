package io.shardlab.magics.view;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class PageTest {

    private static final Chart CHART = new SchemesChart(
            "a <model>",
            "tokens",
            List.of(new SchemesChart.Bar("tp=2", 1000, OptionalDouble.of(10), OptionalDouble.empty())));

    @Test
    void aFigureHasItsTitleAndItsTwinInText() {
        String html =
                new Page("x").figure(CHART, Optional.of(new byte[] {1, 2})).html("");
        assertTrue(html.contains(
                "<img alt=\"Throughput by scheme, a &lt;model&gt;\" src=\"data:image/png;base64,AQI=\">"));
        assertTrue(html.contains("tp=2 ████"), html);
    }

    @Test
    void whereNothingCanBeDrawnTheTextStandsInItsPlace() {
        String html = new Page("x").figure(CHART, Optional.empty()).html("");
        assertTrue(html.contains("<pre>Throughput by scheme, a &lt;model&gt; (tokens/s)"));
        assertFalse(html.contains("<img"));
    }

    @Test
    void sectionsAreLinkedFromTheTop() {
        String html = new Page("x").section("One & two").html("now");
        assertTrue(html.contains("<a href=\"#s1\">One &amp; two</a>"));
        assertTrue(html.contains("<h2 id=\"s1\">One &amp; two</h2>"));
    }
}
