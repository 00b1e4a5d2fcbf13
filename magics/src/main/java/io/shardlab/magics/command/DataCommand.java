package io.shardlab.magics.command;

import picocli.CommandLine;

/** {@code %shard data}. */
public record DataCommand() implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.data();
    }

    @CommandLine.Command(
            name = "data",
            description = "Lists what --data can name on this machine, and the token files made so far.",
            footer = {"", "Examples:", "  %%shard data", "  Table t = %%shard data"})
    static final class Flags extends Syntax {
        @Override
        Command read() {
            return new DataCommand();
        }
    }
}
