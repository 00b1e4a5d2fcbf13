package io.shardlab.magics.session;

import io.shardlab.magics.session.NotebookPort.Content;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Something that changes in one display, which its conclusion takes over. Where nobody watches, the end alone is shown. Changed
 * by any thread, under its lock; drawn by the screen's writer only.
 */
abstract class LiveDisplay implements Screen.Live {

    private final Throttle throttle;
    private boolean changed;
    private @Nullable Content conclusion;
    private NotebookPort.@Nullable Display display;
    private @Nullable Content shown;

    LiveDisplay(LongSupplier nanos) {
        this.throttle = new Throttle(nanos);
    }

    /** How it looks now; called with the lock. */
    abstract Content now();

    /** What is left standing when nothing was concluded, because of an interrupt for instance; called with the lock. */
    Optional<Content> remains() {
        return Optional.empty();
    }

    /** There is something new to show. */
    final synchronized void changed() {
        changed = true;
    }

    /** What takes the display's place when all is done. */
    final synchronized void conclude(Content content) {
        conclusion = content;
    }

    @Override
    public final void tick(NotebookPort port) {
        if (port.interactive() && hasChanged() && throttle.due()) {
            show(port, taken());
        }
    }

    @Override
    public final void end(NotebookPort port) {
        ending().ifPresent(content -> show(port, content));
    }

    private synchronized boolean hasChanged() {
        return changed;
    }

    private synchronized Content taken() {
        changed = false;
        return now();
    }

    private synchronized Optional<Content> ending() {
        return conclusion == null ? remains() : Optional.of(conclusion);
    }

    private void show(NotebookPort port, Content content) {
        NotebookPort.Display standing = display;
        if (standing == null) {
            display = port.display(content);
        } else if (!content.equals(shown)) {
            standing.update(content);
        }
        shown = content;
    }
}
