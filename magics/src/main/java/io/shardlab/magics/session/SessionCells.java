package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.command.CellOptions;
import io.shardlab.magics.command.Nearest;
import io.shardlab.mesh.Selection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The verbs of cells on workers, and the results that they left under a name. */
final class SessionCells {

    private final Backend backend;
    private final Work work;
    private final Map<String, CellRun> results = new ConcurrentHashMap<>();

    SessionCells(Backend backend, Work work) {
        this.backend = backend;
        this.work = work;
    }

    CellRun run(CellOptions options, String source, Cells.Listener listener) {
        return work.call("cell", () -> ran(options, source, listener), doing -> stoppedCell());
    }

    private CellRun ran(CellOptions options, String source, Cells.Listener listener) {
        CellRun run = new CellRun(backend.cells().run(options, source, listener));
        options.name().ifPresent(name -> keep(name, run));
        return run;
    }

    /** The same for a cell in the background, which hears how it ends, also once nobody waits for it any more. */
    void run(CellOptions options, String source, StartedCell started) {
        work.call(
                "cell",
                () -> {
                    try {
                        started.ended(ran(options, source, started));
                    } catch (RuntimeException failed) {
                        started.fail(Work.translated(failed));
                        throw failed;
                    }
                    return started;
                },
                doing -> {
                    started.stoppedIn(stoppedCell());
                    return started.kept();
                });
    }

    void keep(String name, CellRun run) {
        results.put(name, run);
    }

    private String stoppedCell() {
        String where = backend.cells().stoppedIn();
        return (where.isEmpty() ? "" : where + "; ") + "variables and weights are kept";
    }

    CellRun result(String name) {
        CellRun run = results.get(name);
        if (run == null) {
            throw new ShardException("there is no result '" + name + "'"
                    + Nearest.guess(name, results.keySet())
                    + "; `%%shard -o NAME` keeps one"
                    + (results.isEmpty() ? "" : "; kept: " + String.join(", ", results.keySet())));
        }
        return run;
    }

    List<Cells.VariableRow> variables(Selection selection) {
        return work.call("vars", () -> backend.cells().variables(selection));
    }

    List<Cells.VariableRow> push(Map<String, Object> values, Selection selection) {
        return work.call("push", () -> backend.cells().push(values, selection));
    }

    Pulled pull(String name, Selection selection) {
        return new Pulled(name, work.call("pull", () -> backend.cells().pull(name, selection)));
    }

    Gathered gather(String name, Selection selection, int dimension) {
        return work.call("gather", () -> Gathered.of(name, backend.cells().pull(name, selection), dimension));
    }
}
