package io.shardlab.magics.command;

import picocli.CommandLine;

/** {@code %shard devices}. */
public record DevicesCommand() implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.devices();
    }

    @CommandLine.Command(
            name = "devices",
            description = "Lists the devices of this machine that workers can run on.",
            footer = {"", "Examples:", "  %%shard devices", "  Table t = %%shard devices"})
    static final class Flags extends Syntax {
        @Override
        Command read() {
            return new DevicesCommand();
        }
    }
}
