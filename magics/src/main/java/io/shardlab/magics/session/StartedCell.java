package io.shardlab.magics.session;

import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.command.CellOptions;
import io.shardlab.magics.screen.CellText;
import io.shardlab.mesh.Selection;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * A cell that was begun in the background. Keeps what ranks print, up to what a cell shows of it, and tells everyone who listens,
 * from the beginning, whenever they come. Any thread.
 */
public final class StartedCell extends Started<CellRun> implements Cells.Listener {

    private final CellOptions options;
    private final CellText printed;
    private final List<CellText> watchers = new ArrayList<>();
    private boolean begun;
    private String doing = "";

    StartedCell(String name, CellOptions options, LongSupplier nanos) {
        super(name, true, nanos);
        this.options = options;
        this.printed = new CellText(options.group(), nanos);
    }

    @Override
    String kind() {
        return "cell";
    }

    @Override
    Selection selection() {
        return options.selection();
    }

    @Override
    synchronized boolean underWay() {
        return begun;
    }

    @Override
    State ending(CellRun left) {
        return left.outcome().ran().stream().anyMatch(row -> row.ended().equals("interrupted"))
                ? State.INTERRUPTED
                : State.DONE;
    }

    /** Which ranks run it, as the user selected them. */
    String ranks() {
        return selection().toString();
    }

    @Override
    String story() {
        String ranks = ranks();
        return stateWord() + ", " + String.format(Locale.ROOT, "%.1f s on ", seconds())
                + (ranks.equals("all") ? "all ranks" : (ranks.matches("[0-9]+") ? "rank " : "ranks ") + ranks);
    }

    @Override
    String news() {
        return title() + ": " + story();
    }

    /** It has ended on all of its ranks, on some of them perhaps with an exception. */
    void ended(CellRun run) {
        run.problem().ifPresentOrElse(failed -> end(run, failed), () -> end(run));
    }

    /** Where it was when it was asked to stop. */
    synchronized void stoppedIn(String what) {
        doing = what;
    }

    @Override
    synchronized String kept() {
        return doing;
    }

    @Override
    public synchronized void begun() {
        begun = true;
        nowUnderWay();
    }

    @Override
    public synchronized void printed(int rank, boolean error, String text) {
        printed.printed(rank, error, text);
        watchers.forEach(watcher -> watcher.printed(rank, error, text));
    }

    /** What was printed up to now, which hears what follows as well. */
    synchronized CellText watch() {
        CellText watcher = printed.copy();
        watchers.add(watcher);
        return watcher;
    }

    synchronized void unwatch(CellText watcher) {
        watchers.remove(watcher);
    }
}
