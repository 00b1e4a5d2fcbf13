package io.shardlab.magics.screen;

import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.view.Chart;
import io.shardlab.magics.view.Grid;
import io.shardlab.magics.view.Pictures;
import java.util.List;
import java.util.Optional;
import tech.tablesaw.api.Table;

/** Puts tables, charts and lines on the screen. */
public final class Output {

    private final Screen screen;
    private final Pictures pictures;

    public Output(Screen screen) {
        this.screen = screen;
        this.pictures = new Pictures(this::line);
    }

    /** For what appears in the cell that runs now, also after that cell has ended. */
    public Output here() {
        return new Output(screen.here());
    }

    /** Whether a cell takes output after it has ended. */
    public boolean lasting() {
        return screen.lasting();
    }

    public void show(Content content) {
        screen.show(content);
    }

    /** A paragraph of one line. */
    public void line(String line) {
        screen.show(Content.line(line));
    }

    /** Shows a table and gives it. */
    public <R> Table table(Grid<R> grid) {
        screen.show(content(grid));
        return grid.table();
    }

    public void draw(List<? extends Chart> charts) {
        charts.forEach(this::draw);
    }

    public void draw(Chart chart) {
        Optional<byte[]> png = pictures.png(chart);
        screen.show(png.isPresent() ? new Content("", chart.text(), png) : Content.preformatted(chart.text()));
    }

    /** Shows something that changes, until the answer is closed. */
    public Screen.AutoCloseableQuietly live(Screen.Live live) {
        return screen.live(live);
    }

    public void stream(String text) {
        screen.stream(text);
    }

    /** Tables, one below the other. */
    public static Content content(Grid<?>... grids) {
        StringBuilder html = new StringBuilder();
        StringBuilder text = new StringBuilder();
        for (Grid<?> grid : grids) {
            html.append(grid.html());
            text.append(grid.text()).append('\n');
        }
        return Content.of(html.toString(), text.toString());
    }
}
