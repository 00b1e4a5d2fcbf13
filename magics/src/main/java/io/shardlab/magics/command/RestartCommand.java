package io.shardlab.magics.command;

import io.shardlab.mesh.Selection;
import picocli.CommandLine;

/** {@code %shard restart}. */
public record RestartCommand(Selection selection) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.restart(selection);
    }

    @CommandLine.Command(
            name = "restart",
            description = "Starts workers anew and places the model again; says what was kept and what was lost.",
            footer = {
                "",
                "A group of workers is whole or not at all, so all of them begin anew, whichever are selected. The",
                "model comes back as it is if all of them still answer, else from the last checkpoint of it that this",
                "notebook saved or loaded, else with its initial weights. Variables of cells are lost.",
                "",
                "Examples:",
                "  %%shard restart",
                "  %%shard restart -t 1"
            })
    static final class Flags extends Syntax {
        @CommandLine.Option(
                names = {"-t", "--to"},
                paramLabel = "SEL",
                converter = Values.Ranks.class,
                description = "which ranks need it; the others are restarted with them: " + SelectionFlag.FORMS)
        Selection selection = Selection.ALL;

        @Override
        Command read() {
            return new RestartCommand(selection);
        }
    }
}
