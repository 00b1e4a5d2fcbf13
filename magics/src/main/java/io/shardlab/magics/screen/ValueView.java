package io.shardlab.magics.screen;

import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.view.Html;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.internal.chartpart.Chart;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/**
 * How a value looks when a cell ends with it: bare escaped HTML with a text twin, or PNG.
 *
 * @param type of the values
 * @param draw in full
 * @param shortLine names a value that is to be seen above already
 */
public record ValueView<T>(Class<T> type, Function<T, Content> draw, Function<T, String> shortLine) {

    /** Tables, charts and pictures. */
    public static List<ValueView<?>> all() {
        return List.of(
                new ValueView<>(Table.class, ValueView::table, ValueView::line),
                new ValueView<>(Chart.class, ValueView::chart, chart -> "chart"),
                new ValueView<>(BufferedImage.class, image -> picture(image, "image"), image -> "image"));
    }

    private static String line(Table table) {
        return "Table " + table.name() + ", " + table.rowCount() + " rows × " + table.columnCount() + " columns";
    }

    private static Content table(Table table) {
        StringBuilder html = new StringBuilder("<table><thead><tr>");
        for (Column<?> column : table.columns()) {
            html.append("<th>").append(Html.escape(column.name())).append("</th>");
        }
        html.append("</tr></thead><tbody>");
        for (int row = 0; row < table.rowCount(); row++) {
            html.append("<tr>");
            for (Column<?> column : table.columns()) {
                html.append("<td>").append(Html.escape(column.getString(row))).append("</td>");
            }
            html.append("</tr>");
        }
        html.append("</tbody></table>");
        return new Content(html.toString(), table.print(), Optional.empty());
    }

    private static Content chart(Chart<?, ?> chart) {
        String title = "chart " + chart.getTitle();
        try {
            return picture(BitmapEncoder.getBufferedImage(chart), title);
        } catch (Throwable cannotDraw) { // AWT without fonts fails with errors of many kinds
            String reason = title + " cannot be drawn here (" + cannotDraw
                    + "); fonts come with `apt-get install fontconfig fonts-dejavu-core`";
            return new Content("", reason, Optional.empty());
        }
    }

    private static Content picture(BufferedImage image, String text) {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", png);
        } catch (IOException inMemory) {
            throw new IllegalStateException("could not encode a picture as PNG", inMemory);
        }
        return new Content("", text, Optional.of(png.toByteArray()));
    }
}
