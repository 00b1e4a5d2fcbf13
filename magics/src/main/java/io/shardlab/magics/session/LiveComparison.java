package io.shardlab.magics.session;

import io.shardlab.magics.screen.LiveDisplay;
import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.view.Html;
import io.shardlab.magics.view.Sparkline;
import java.util.Optional;
import java.util.function.LongSupplier;

/** A comparison while it runs: how far it is and the table so far. Stopped, it leaves what was measured until then. */
final class LiveComparison extends LiveDisplay implements ComparisonListener {

    private static final int BAR = 30;

    private String line = "";
    private Optional<Compared<?>> soFar = Optional.empty();

    LiveComparison(LongSupplier nanos) {
        super(nanos);
    }

    @Override
    public synchronized void ran(Compared<?> comparison, int done, int total, String next) {
        soFar = comparison.isEmpty() ? Optional.empty() : Optional.of(comparison);
        line = Sparkline.bar(done, total, BAR) + " runs, now " + next;
        changed();
    }

    @Override
    protected Content now() {
        Content bar = Content.of(Html.preformatted(line), line + "\n");
        return soFar.map(comparison -> bar.above(Content.table(comparison.grid())))
                .orElse(bar);
    }

    @Override
    protected Optional<Content> remains() {
        return soFar.map(Compared::content);
    }
}
