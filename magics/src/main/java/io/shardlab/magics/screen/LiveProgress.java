package io.shardlab.magics.screen;

import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.view.Html;
import io.shardlab.magics.view.Sparkline;
import java.util.function.LongSupplier;

/** How far saving, loading or restarting has come. Quick ones show the result only. */
public final class LiveProgress extends LiveDisplay implements Progress {

    private static final int BAR = 30;

    private String phase = "";

    public LiveProgress(LongSupplier nanos) {
        super(nanos);
    }

    @Override
    public synchronized void progress(String what, long done, long total) {
        phase = what + " " + Sparkline.bar(done, total, BAR);
        changed();
    }

    @Override
    protected Content now() {
        return Content.of(Html.preformatted(phase), phase + "\n");
    }
}
