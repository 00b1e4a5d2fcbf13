package io.shardlab.magics.command;

import picocli.CommandLine;

/** {@code %shard status}. */
public record StatusCommand() implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.status();
    }

    @CommandLine.Command(
            name = "status",
            description = "Shows every worker: its role, process, device, state, last action, memory and last error.",
            footer = {"", "Examples:", "  %%shard status", "  Table t = %%shard status"})
    static final class Flags extends Syntax {
        @Override
        Command read() {
            return new StatusCommand();
        }
    }
}
