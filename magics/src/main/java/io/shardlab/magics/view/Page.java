package io.shardlab.magics.view;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * One self-contained HTML page: style inside, figures as data, no script and nothing fetched. It follows the reader's choice of
 * light or dark and prints on paper.
 */
public final class Page {

    private static final String STYLE =
            """
            :root { color-scheme: light dark; --ground: #ffffff; --ink: #222222; --soft: #666666; --line: #d5d5d5;
                    --band: #f4f6f8; --accent: #0072B2; --alarm: #D55E00; }
            @media (prefers-color-scheme: dark) {
              :root { --ground: #16191d; --ink: #e6e6e6; --soft: #a3a9b0; --line: #3a4048; --band: #20252b;
                      --accent: #56B4E9; --alarm: #E69F00; }
            }
            * { box-sizing: border-box; }
            body { background: var(--ground); color: var(--ink); max-width: 90rem; margin: 0 auto; padding: 1.5rem;
                   font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
            h1 { font-size: 1.7rem; margin: 0 0 .25rem; }
            h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem; border-bottom: 2px solid var(--accent); padding-bottom: .2rem; }
            h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
            nav a { color: var(--accent); margin-right: 1.2rem; }
            .soft { color: var(--soft); }
            table { border-collapse: collapse; border: 0; font-size: .8rem; margin: .5rem 0 1rem; }
            caption { text-align: left; color: var(--soft); padding: .2rem 0; }
            th, td { border: 1px solid var(--line); padding: .25rem .5rem; vertical-align: top;
                     font-variant-numeric: tabular-nums; }
            th { background: var(--band); font-weight: 600; }
            pre { background: var(--band); padding: .7rem; overflow-x: auto; font-size: .78rem; line-height: 1.35;
                  font-family: "DejaVu Sans Mono", ui-monospace, monospace; }
            figure { margin: .8rem 0; break-inside: avoid; }
            img { max-width: 100%; height: auto; background: #ffffff; border: 1px solid var(--line); border-radius: 4px; }
            details { font-size: .85rem; }
            summary { color: var(--soft); cursor: pointer; }
            @page { size: landscape; margin: 1cm; }
            @media print {
              :root { --ground: #ffffff; --ink: #000000; --soft: #444444; --line: #999999; --band: #f2f2f2;
                      --accent: #0072B2; --alarm: #D55E00; }
              body { max-width: none; padding: 0; font-size: 11pt; }
              nav, summary { display: none; }
              table { font-size: 7pt; }
              img { max-height: 11cm; }
              th, td { padding: .1rem .25rem; }
              tr, figure { break-inside: avoid; }
              h2, h3 { break-after: avoid; }
              pre { white-space: pre-wrap; }
            }
            """;

    private final String title;
    private final List<String> headings = new ArrayList<>();
    private final StringBuilder body = new StringBuilder();

    public Page(String title) {
        this.title = title;
    }

    /** Begins a section. */
    public Page section(String heading) {
        headings.add(heading);
        body.append("<h2 id=\"s")
                .append(headings.size())
                .append("\">")
                .append(Html.escape(heading))
                .append("</h2>\n");
        return this;
    }

    /** Begins a part of a section. */
    public Page part(String heading) {
        body.append("<h3>").append(Html.escape(heading)).append("</h3>\n");
        return this;
    }

    public Page paragraph(String text) {
        body.append(Html.paragraph(text)).append('\n');
        return this;
    }

    /** A paragraph that must not be overlooked. */
    public Page alarm(String text) {
        body.append("<p style=\"color:var(--alarm)\">").append(Html.bold(text)).append("</p>\n");
        return this;
    }

    public Page table(Grid<?> grid) {
        body.append(grid.html());
        return this;
    }

    public Page preformatted(String text) {
        body.append(Html.preformatted(text)).append('\n');
        return this;
    }

    /** A chart with its twin in text; only the twin where there is no picture. */
    public Page figure(Chart chart, Optional<byte[]> png) {
        if (png.isEmpty()) {
            return preformatted(chart.text());
        }
        body.append("<figure><img alt=\"")
                .append(Html.escape(chart.title()))
                .append("\" src=\"data:image/png;base64,")
                .append(Base64.getEncoder().encodeToString(png.get()))
                .append("\">\n<details><summary>as text</summary>")
                .append(Html.preformatted(chart.text()))
                .append("</details></figure>\n");
        return this;
    }

    /** The whole document. */
    public String html(String subtitle) {
        StringBuilder contents = new StringBuilder();
        for (int i = 0; i < headings.size(); i++) {
            contents.append("<a href=\"#s")
                    .append(i + 1)
                    .append("\">")
                    .append(Html.escape(headings.get(i)))
                    .append("</a>");
        }
        return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"
                + Html.escape(title) + "</title>\n<style>\n" + STYLE + "</style>\n</head>\n<body>\n<h1>"
                + Html.escape(title) + "</h1>\n<p class=\"soft\">" + Html.escape(subtitle) + "</p>\n<nav>" + contents
                + "</nav>\n" + body + "</body>\n</html>\n";
    }
}
