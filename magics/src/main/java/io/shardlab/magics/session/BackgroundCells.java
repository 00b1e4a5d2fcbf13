package io.shardlab.magics.session;

import io.shardlab.magics.command.CellOptions;
import java.util.function.LongSupplier;

/** {@code %%shard --noblock}: cells that go on while others come and go. */
final class BackgroundCells {

    private final SessionCells cells;
    private final InBackground background;
    private final StartedRuns runs;
    private final LongSupplier nanos;

    BackgroundCells(SessionCells cells, InBackground background, StartedRuns runs, LongSupplier nanos) {
        this.cells = cells;
        this.background = background;
        this.runs = runs;
        this.nanos = nanos;
    }

    /** Begins a cell; refuses here one that does not compile or selects ranks that are not there. */
    StartedCell start(CellOptions options, String source) {
        StartedCell started = new StartedCell(runs.freeName(options.name(), "cell"), options, nanos);
        return background.begin(started, () -> {
            runs.add(started);
            cells.run(options, source, started);
        });
    }
}
