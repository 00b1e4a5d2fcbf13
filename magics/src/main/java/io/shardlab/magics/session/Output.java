package io.shardlab.magics.session;

import io.shardlab.magics.session.NotebookPort.Content;
import io.shardlab.magics.view.Chart;
import io.shardlab.magics.view.Grid;
import io.shardlab.magics.view.Pictures;
import java.util.List;
import java.util.Optional;
import tech.tablesaw.api.Table;

/** Puts tables, charts and lines on the screen. */
final class Output {

    private final Screen screen;
    private final Pictures pictures;

    Output(Screen screen) {
        this.screen = screen;
        this.pictures = new Pictures(this::line);
    }

    /** For what appears in the cell that runs now, also after that cell has ended. */
    Output here() {
        return new Output(screen.here());
    }

    /** Whether a cell takes output after it has ended. */
    boolean lasting() {
        return screen.lasting();
    }

    void show(Content content) {
        screen.show(content);
    }

    /** A paragraph of one line. */
    void line(String line) {
        screen.show(Content.line(line));
    }

    /** Shows a table and gives it. */
    <R> Table table(Grid<R> grid) {
        screen.show(content(grid));
        return grid.table();
    }

    void draw(List<? extends Chart> charts) {
        charts.forEach(this::draw);
    }

    void draw(Chart chart) {
        Optional<byte[]> png = pictures.png(chart);
        screen.show(png.isPresent() ? new Content("", chart.text(), png) : Content.preformatted(chart.text()));
    }

    /** Shows something that changes, until the answer is closed. */
    Screen.AutoCloseableQuietly live(Screen.Live live) {
        return screen.live(live);
    }

    void stream(String text) {
        screen.stream(text);
    }

    /** Tables, one below the other. */
    static Content content(Grid<?>... grids) {
        StringBuilder html = new StringBuilder();
        StringBuilder text = new StringBuilder();
        for (Grid<?> grid : grids) {
            html.append(grid.html());
            text.append(grid.text()).append('\n');
        }
        return Content.of(html.toString(), text.toString());
    }
}
