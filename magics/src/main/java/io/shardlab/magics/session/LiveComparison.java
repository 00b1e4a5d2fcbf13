package io.shardlab.magics.session;

import io.shardlab.magics.session.NotebookPort.Content;
import io.shardlab.magics.view.Html;
import io.shardlab.magics.view.Sparkline;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A comparison while it runs: how far it is and the table so far, in one display that the result takes over. Stopped, it leaves
 * what there was.
 */
final class LiveComparison implements ComparisonListener, Screen.Live {

    private static final int BAR = 30;

    private final Throttle throttle;
    private String line = "";
    private boolean changed;
    private @Nullable Comparison soFar;
    private NotebookPort.@Nullable Display display;
    private @Nullable Content last;

    LiveComparison(LongSupplier nanos) {
        this.throttle = new Throttle(nanos);
    }

    @Override
    public synchronized void ran(Comparison comparison, int done, int total, String next) {
        soFar = comparison;
        line = Sparkline.bar(done, total, BAR) + " runs, now " + next;
        changed = true;
    }

    /** What takes the display's place when all is done. */
    synchronized void conclude(Content content) {
        last = content;
    }

    private synchronized Content snapshot() {
        changed = false;
        Comparison comparison = soFar;
        Content bar = Content.of(Html.preformatted(line), line + "\n");
        if (comparison == null || comparison.measured().isEmpty()) {
            return bar;
        }
        return Content.of(
                bar.html() + comparison.grid().html(),
                bar.text() + comparison.grid().text());
    }

    private synchronized boolean hasChanged() {
        return changed;
    }

    /** The result, or after an interrupt what was measured until then. */
    private synchronized @Nullable Content conclusion() {
        if (last != null) {
            return last;
        }
        return soFar == null || soFar.measured().isEmpty() ? null : soFar.content();
    }

    @Override
    public void tick(NotebookPort port) {
        if (port.interactive() && hasChanged() && throttle.due()) {
            show(port, snapshot());
        }
    }

    @Override
    public void end(NotebookPort port) {
        Content content = conclusion();
        if (content != null) {
            show(port, content);
        }
    }

    private void show(NotebookPort port, Content content) {
        NotebookPort.Display shown = display;
        if (shown == null) {
            display = port.display(content);
        } else {
            shown.update(content);
        }
    }
}
