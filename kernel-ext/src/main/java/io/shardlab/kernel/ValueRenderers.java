package io.shardlab.kernel;

import io.shardlab.magics.session.NotebookPort.Content;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Function;
import javax.imageio.ImageIO;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.dflib.jjava.jupyter.kernel.display.Renderer;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.internal.chartpart.Chart;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/**
 * How tables and charts look when a cell ends with one: bare escaped HTML with a text twin, and PNG.
 *
 * <p>A value that a magic of the same cell has shown already becomes one short line.
 */
final class ValueRenderers {
    private final JJavaNotebook notebook;
    private final ShownValues shown;

    ValueRenderers(JJavaNotebook notebook, ShownValues shown) {
        this.notebook = notebook;
        this.shown = shown;
    }

    void register(Renderer renderer) {
        register(renderer, Table.class, ValueRenderers::table, ValueRenderers::line);
        register(renderer, Chart.class, ValueRenderers::chart, chart -> "chart");
        register(renderer, BufferedImage.class, image -> picture(image, "image"), image -> "image");
    }

    private <T> void register(
            Renderer renderer, Class<T> type, Function<T, Content> draw, Function<T, String> shortLine) {
        renderer.createRegistration(type)
                .supporting("text/html", "image/png", "text/plain")
                .register((value, context) -> {
                    DisplayData output = context.getOutputContainer();
                    if (shown.take(value, notebook.currentCell())) {
                        output.putText(shortLine.apply(value) + ", shown above");
                    } else {
                        output.assign(JJavaNotebook.data(draw.apply(value)));
                    }
                });
    }

    private static String line(Table table) {
        return "Table " + table.name() + ", " + table.rowCount() + " rows × " + table.columnCount() + " columns";
    }

    private static Content table(Table table) {
        StringBuilder html = new StringBuilder("<table><thead><tr>");
        for (Column<?> column : table.columns()) {
            html.append("<th>").append(escaped(column.name())).append("</th>");
        }
        html.append("</tr></thead><tbody>");
        for (int row = 0; row < table.rowCount(); row++) {
            html.append("<tr>");
            for (Column<?> column : table.columns()) {
                html.append("<td>").append(escaped(column.getString(row))).append("</td>");
            }
            html.append("</tr>");
        }
        html.append("</tbody></table>");
        return new Content(html.toString(), table.print(), Optional.empty());
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
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
