package io.shardlab.magics.command;

import io.shardlab.mesh.Selection;
import picocli.CommandLine;

/** {@code %shard vars}. */
public record VarsCommand(Selection selection) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.vars(selection);
    }

    @CommandLine.Command(
            name = "vars",
            description = "Lists the variables of the workers' cells: type, shape, device, bytes.",
            footer = {"", "Examples:", "  %%shard vars", "  %%shard vars -t 0"})
    static final class Flags extends Syntax {
        @CommandLine.Mixin
        SelectionFlag ranks = new SelectionFlag();

        @Override
        Command read() {
            return new VarsCommand(ranks.selection);
        }
    }
}
