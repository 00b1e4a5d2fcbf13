package io.shardlab.magics.session;

import io.shardlab.magics.command.Dialect;
import io.shardlab.magics.command.Translation;
import io.shardlab.magics.screen.CellView;
import io.shardlab.magics.screen.Output;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Grid;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The magics of other tools, as far as they are turned on in this notebook. The cell's thread only. */
final class Compat {

    private final HostKernel kernel;
    private final Notebook notebook;
    private final Output output;
    private final Set<String> told = new HashSet<>();
    private @Nullable CellRun last;
    private @Nullable StartedCell lastBegun;

    Compat(HostKernel kernel, Notebook notebook, Output output) {
        this.kernel = kernel;
        this.notebook = notebook;
        this.output = output;
    }

    /** Registers the names; the table of what they become. */
    Grid<Map.Entry<String, String>> turnOn(Dialect dialect) {
        for (String name : dialect.names()) {
            kernel.register(
                    name,
                    words -> perform("%" + name, () -> dialect.line(name, words), ""),
                    (words, body) -> perform("%%" + name, () -> dialect.cell(name, words), body));
        }
        return new Grid<>(
                "magics of " + dialect.tool() + ", and what they are here",
                List.of(
                        Column.text("theirs", "theirs", Map.Entry::getKey),
                        Column.text("ours", "ours", Map.Entry::getValue)),
                List.copyOf(dialect.glossary().entrySet()));
    }

    private Object perform(String magic, Supplier<Translation> translating, String body) {
        Translation translation;
        try {
            translation = translating.get();
        } catch (IllegalArgumentException refused) {
            throw new ShardException(String.valueOf(refused.getMessage()), refused);
        }
        boolean saidAnyway = translation instanceof Translation.Said;
        if (told.add(magic.replaceFirst("\\[.*", "")) || saidAnyway) {
            output.line(saidAnyway ? translation.text() : magic + " is here " + translation.text());
        }
        if (translation instanceof Translation.Line line) {
            return notebook.line(line.words());
        }
        if (translation instanceof Translation.Cell cell) {
            Object value = notebook.cell(cell.words(), cell.body().orElse(body));
            if (value instanceof CellRun run) {
                last = run;
                lastBegun = null;
            } else if (value instanceof StartedCell begun) {
                lastBegun = begun;
            }
            return value;
        }
        if (translation instanceof Translation.Recall recall) {
            return recalled(magic, recall.name());
        }
        return translation.text();
    }

    private CellRun recalled(String magic, Optional<String> name) {
        StartedCell begun = lastBegun;
        if (begun != null) {
            CellRun run = (CellRun) notebook.line(List.of("wait", begun.name()));
            name.ifPresent(kept -> notebook.openLab().subjects().cells().keep(kept, run));
            return run;
        }
        CellRun run = last;
        if (run == null) {
            throw new ShardException(magic + ": no %px or %%px has run yet");
        }
        name.ifPresent(kept -> notebook.openLab().subjects().cells().keep(kept, run));
        CellView.values(run.outcome()).forEach(output::show);
        return run;
    }
}
