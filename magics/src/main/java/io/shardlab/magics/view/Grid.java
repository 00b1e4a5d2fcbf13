package io.shardlab.magics.view;

import java.util.ArrayList;
import java.util.List;
import tech.tablesaw.api.Table;

/** A table in three forms: data for cells, HTML for people, text for everyone else. */
public record Grid<R>(String caption, List<Column<R>> columns, List<R> rows) {

    public Grid {
        columns = List.copyOf(columns);
        rows = List.copyOf(rows);
    }

    /** The columns under their promised names. */
    public Table table() {
        Table table = Table.create(caption);
        for (Column<R> column : columns) {
            if (column.inTable()) {
                table.addColumns(column.column(rows));
            }
        }
        return table;
    }

    private List<Column<R>> onScreen() {
        return columns.stream().filter(Column::onScreen).toList();
    }

    /** Plain HTML; the caption is set small above. Too wide for its page, it scrolls by itself, where styles are not taken away. */
    public String html() {
        StringBuilder html = new StringBuilder(
                "<div style=\"overflow-x:auto\"><table border=\"1\" cellpadding=\"4\" cellspacing=\"0\">\n");
        if (!caption.isEmpty()) {
            html.append("<caption align=\"top\"><small>")
                    .append(Html.escape(caption))
                    .append("</small></caption>\n");
        }
        html.append("<thead><tr>");
        for (Column<R> column : onScreen()) {
            html.append("<th align=\"")
                    .append(column.rightAligned() ? "right" : "left")
                    .append("\">")
                    .append(column.colour()
                            .map(colour -> Html.coloured(colour, "■") + " ")
                            .orElse(""))
                    .append(Html.escape(column.heading()))
                    .append("</th>");
        }
        html.append("</tr></thead>\n<tbody>\n");
        for (R row : rows) {
            html.append("<tr>");
            for (Column<R> column : onScreen()) {
                html.append("<td align=\"")
                        .append(column.rightAligned() ? "right" : "left")
                        .append("\">")
                        .append(column.html(row))
                        .append("</td>");
            }
            html.append("</tr>\n");
        }
        return html.append("</tbody></table></div>\n").toString();
    }

    /** The same with spaces. */
    public String text() {
        List<Column<R>> shown = onScreen();
        List<List<String>> lines = new ArrayList<>();
        lines.add(shown.stream().map(Column::heading).toList());
        for (R row : rows) {
            lines.add(shown.stream().map(column -> column.shown(row)).toList());
        }
        int[] widths = new int[shown.size()];
        for (List<String> line : lines) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        if (!caption.isEmpty()) {
            text.append(caption).append('\n');
        }
        for (int row = 0; row < lines.size(); row++) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String cell = lines.get(row).get(i);
                String space = " ".repeat(widths[i] - cell.length());
                line.append(shown.get(i).rightAligned() ? space + cell : cell + space)
                        .append("  ");
            }
            text.append(line.toString().stripTrailing()).append('\n');
            if (row == 0) {
                int total = 2 * (widths.length - 1);
                for (int width : widths) {
                    total += width;
                }
                text.append("─".repeat(Math.max(1, total))).append('\n');
            }
        }
        return text.toString();
    }
}
