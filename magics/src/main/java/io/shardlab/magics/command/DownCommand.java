package io.shardlab.magics.command;

import picocli.CommandLine;

/** {@code %shard down}. */
public record DownCommand(boolean now) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.down(now);
    }

    @CommandLine.Command(
            name = "down",
            description = "Stops all workers, frees what they held and shows their exit codes.",
            footer = {"", "Examples:", "  %%shard down", "  %%shard down --now"})
    static final class Flags extends Syntax {
        @CommandLine.Option(names = "--now", description = "kill at once instead of asking")
        boolean now;

        @Override
        Command read() {
            return new DownCommand(now);
        }
    }
}
