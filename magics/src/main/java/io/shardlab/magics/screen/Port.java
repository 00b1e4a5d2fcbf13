package io.shardlab.magics.screen;

import io.shardlab.magics.view.Grid;
import io.shardlab.magics.view.Html;
import java.util.List;
import java.util.Optional;

/** What a notebook offers to those who show something. Called from one thread at a time, seldom the cell's own. */
public interface Port {

    /** Shows something new; the answer can change it later. */
    Display display(Content content);

    /** Appends text to the cell's output. */
    void stream(String text);

    /** The same notebook, but what is shown appears in the cell that runs now, also after that cell has ended. */
    default Port here() {
        return this;
    }

    /** Whether a cell takes output after it has ended. */
    default boolean lasting() {
        return true;
    }

    /** Whether someone is watching; otherwise only final tables and charts are shown. */
    boolean interactive();

    /** Something shown. */
    interface Display {
        void update(Content content);
    }

    /**
     * One thing to show, in up to three forms.
     *
     * @param html without styles and scripts; empty if the picture or the text says it all
     * @param text for readers without HTML, always there
     * @param png a picture; where there is one, {@code html} is empty so that front ends prefer the picture
     */
    record Content(String html, String text, Optional<byte[]> png) {

        public static final Content EMPTY = of("", "");

        public static Content of(String html, String text) {
            return new Content(html, text, Optional.empty());
        }

        /** A paragraph of one line. */
        public static Content line(String line) {
            return of(Html.paragraph(line), line + "\n");
        }

        public static Content lines(List<String> lines) {
            return lines.stream().map(Content::line).reduce(EMPTY, Content::above);
        }

        /** A line that must not be overlooked. */
        public static Content headline(String line) {
            return of("<p>" + Html.bold(line) + "</p>", line + "\n");
        }

        /** Text in which blanks and line ends count. */
        public static Content preformatted(String text) {
            return of(Html.preformatted(text), text);
        }

        public static Content table(Grid<?> grid) {
            return of(grid.html(), grid.text());
        }

        /** This one with another below it; without pictures. */
        public Content above(Content below) {
            return of(html + below.html, text + below.text);
        }
    }
}
