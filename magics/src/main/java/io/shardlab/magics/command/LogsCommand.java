package io.shardlab.magics.command;

import io.shardlab.mesh.Selection;
import picocli.CommandLine;

/** {@code %shard logs}. */
public record LogsCommand(Selection selection, int lines) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.logs(selection, lines);
    }

    @CommandLine.Command(
            name = "logs",
            description = "Shows the last lines that workers wrote, dead ones too.",
            footer = {
                "",
                "Examples:",
                "  %%shard logs",
                "  %%shard logs -t 0,2",
                "  %%shard logs -t last-stage --lines 50"
            })
    static final class Flags extends Syntax {
        @CommandLine.Mixin
        SelectionFlag ranks = new SelectionFlag();

        @CommandLine.Option(
                names = "--lines",
                paramLabel = "N",
                converter = Values.Count.class,
                description = "lines of each worker (default 20)")
        Integer lines = 20;

        @Override
        Command read() {
            return new LogsCommand(ranks.selection, lines);
        }
    }
}
