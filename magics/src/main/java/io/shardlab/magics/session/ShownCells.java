package io.shardlab.magics.session;

import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.command.CellOptions;
import io.shardlab.magics.screen.CellText;
import io.shardlab.magics.screen.CellView;
import io.shardlab.magics.screen.Output;
import io.shardlab.magics.screen.Screen;
import io.shardlab.magics.table.CellGrids;
import io.shardlab.mesh.Selection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import tech.tablesaw.api.Table;

/** Shows cells on workers and what they hold: the verbs {@code cell, vars, push, pull, gather}. */
final class ShownCells {

    private final Supplier<Lab> lab;
    private final Output output;
    private final HostKernel kernel;
    private final LongSupplier nanos;

    ShownCells(Supplier<Lab> lab, Output output, HostKernel kernel, LongSupplier nanos) {
        this.lab = lab;
        this.output = output;
        this.kernel = kernel;
        this.nanos = nanos;
    }

    CellRun cell(CellOptions options, String body) {
        CellText text = new CellText(options.group(), nanos);
        CellRun run;
        try (Screen.AutoCloseableQuietly watched = output.live(text)) {
            run = lab.get().subjects().cells().run(options, body, text);
        }
        show(run, output);
        run.problem().ifPresent(failed -> {
            throw failed;
        });
        hereToo(options, body);
        return run;
    }

    /** Notes, then values. */
    static void show(CellRun run, Output where) {
        run.outcome().notes().forEach(note -> where.stream("note: " + note + "\n"));
        CellView.values(run.outcome()).forEach(where::show);
    }

    /** Runs a cell in the notebook's own Java, where that is wanted as well. */
    void hereToo(CellOptions options, String body) {
        if (options.local()) {
            try {
                Optional.ofNullable(kernel.evaluate(body)).map(CellView::local).ifPresent(output::show);
            } catch (HostKernel.Rejected rejected) {
                throw Work.translated(Cells.MistakenCell.ofTheNotebook(
                        rejected.errors())); // As one that workers reject: its lines are shown.
            }
        }
    }

    Table vars(Selection selection) {
        return output.table(CellGrids.variables(lab.get().subjects().cells().variables(selection)));
    }

    Table push(Map<String, Object> values, List<String> names, Selection selection) {
        Map<String, Object> all = new LinkedHashMap<>();
        for (String name : names) {
            Cells.requireName(name);
            all.put(name, ofTheNotebook(name));
        }
        all.putAll(values);
        return output.table(CellGrids.variables(lab.get().subjects().cells().push(all, selection)));
    }

    private Object ofTheNotebook(String name) {
        Object value;
        try {
            value = kernel.evaluate(name);
        } catch (IllegalArgumentException refused) {
            throw new IllegalArgumentException(
                    "push: the notebook has no variable '" + name + "'; a value goes as " + name + "=VALUE", refused);
        }
        if (value == null) {
            throw new IllegalArgumentException("push: " + name + " is null in the notebook");
        }
        return value;
    }

    Pulled pull(String name, Selection selection) {
        Pulled pulled = lab.get().pull(name, selection);
        output.table(pulled.grid());
        return pulled;
    }

    Gathered gather(String name, Selection selection, int dimension) {
        Gathered gathered = lab.get().gather(name, selection, dimension);
        output.table(gathered.grid());
        return gathered;
    }
}
