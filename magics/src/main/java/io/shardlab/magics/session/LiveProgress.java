package io.shardlab.magics.session;

import io.shardlab.magics.session.NotebookPort.Content;
import io.shardlab.magics.view.Html;
import io.shardlab.magics.view.Sparkline;
import java.util.function.LongSupplier;

/** How far saving, loading or restarting has come. Quick ones show the result only. */
final class LiveProgress extends LiveDisplay implements Progress {

    private static final int BAR = 30;

    private String phase = "";

    LiveProgress(LongSupplier nanos) {
        super(nanos);
    }

    @Override
    public synchronized void progress(String what, long done, long total) {
        phase = what + " " + Sparkline.bar(done, total, BAR);
        changed();
    }

    @Override
    Content now() {
        return Content.of(Html.preformatted(phase), phase + "\n");
    }
}
