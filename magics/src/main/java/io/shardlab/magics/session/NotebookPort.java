package io.shardlab.magics.session;

import java.util.Optional;

/** How magics show things: a kernel behind it in a notebook, a list behind it in tests. */
public interface NotebookPort {

    /** Shows {@code content}; the handle replaces it in place. */
    Display display(Content content);

    /** Appends to the standard output of the cell. One writer. */
    void stream(String text);

    /** False where only final tables make sense: a notebook that runs without a person before it. */
    boolean interactive();

    /** Something shown that can be replaced in place. The caller keeps to four updates per second. */
    interface Display {
        void update(Content content);
    }

    /** One output in the forms a notebook may choose from; {@code text} is always there. */
    record Content(String html, String text, Optional<byte[]> png) {}
}
