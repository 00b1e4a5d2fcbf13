package io.shardlab.magics.command;

import picocli.CommandLine;

/** {@code %shard models}. */
public record ModelsCommand() implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.models();
    }

    @CommandLine.Command(
            name = "models",
            description = "Lists the presets with their sizes.",
            footer = {"", "Examples:", "  %%shard models", "  Table t = %%shard models"})
    static final class Flags extends Syntax {
        @Override
        Command read() {
            return new ModelsCommand();
        }
    }
}
