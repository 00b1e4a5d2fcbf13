package io.shardlab.magics.screen;

import io.shardlab.magics.screen.Port.Content;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Something that changes in one display, which its conclusion takes over. Where nobody watches, the end alone is shown. Changed
 * by any thread, under its lock; drawn by the screen's writer only.
 */
public abstract class LiveDisplay implements Screen.Live {

    private final Throttle throttle;
    private boolean changed;
    private @Nullable Content conclusion;
    private Port.@Nullable Display display;
    private @Nullable Content shown;

    public LiveDisplay(LongSupplier nanos) {
        this.throttle = new Throttle(nanos);
    }

    /** How it looks now; called with the lock. */
    protected abstract Content now();

    /** What is left standing when nothing was concluded, because of an interrupt for instance; called with the lock. */
    protected Optional<Content> remains() {
        return Optional.empty();
    }

    /** There is something new to show. */
    protected final synchronized void changed() {
        changed = true;
    }

    /** What takes the display's place when all is done. */
    public final synchronized void conclude(Content content) {
        conclusion = content;
    }

    @Override
    public final void tick(Port port) {
        if (port.interactive() && hasChanged() && throttle.due()) {
            show(port, taken());
        }
    }

    @Override
    public final void end(Port port) {
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

    private void show(Port port, Content content) {
        Port.Display standing = display;
        if (standing == null) {
            display = port.display(content);
        } else if (!content.equals(shown)) {
            standing.update(content);
        }
        shown = content;
    }
}
