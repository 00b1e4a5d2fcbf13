package io.shardlab.magics.session;

import io.shardlab.magics.session.NotebookPort.Content;
import io.shardlab.magics.view.Html;
import io.shardlab.magics.view.Sparkline;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** How far saving or loading has come, in one display that the result takes over. Quick ones show the result only. */
final class LiveProgress implements Progress, Screen.Live {

    private static final int BAR = 30;

    private final Throttle throttle;
    private String phase = "";
    private NotebookPort.@Nullable Display display;
    private @Nullable Content last;

    LiveProgress(LongSupplier nanos) {
        this.throttle = new Throttle(nanos);
    }

    @Override
    public synchronized void progress(String what, long done, long total) {
        phase = what + " " + Sparkline.bar(done, total, BAR);
    }

    /** What takes the display's place when all is done. */
    synchronized void conclude(Content content) {
        last = content;
    }

    private synchronized Content snapshot() {
        return Content.of(Html.preformatted(phase), phase + "\n");
    }

    private synchronized boolean started() {
        return !phase.isEmpty();
    }

    private synchronized @Nullable Content conclusion() {
        return last;
    }

    @Override
    public void tick(NotebookPort port) {
        if (port.interactive() && started() && throttle.due()) {
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
