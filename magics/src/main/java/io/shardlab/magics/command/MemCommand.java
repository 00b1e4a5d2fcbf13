package io.shardlab.magics.command;

import picocli.CommandLine;

/** {@code %shard mem}. */
public record MemCommand(boolean chart, boolean reset) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.mem(chart, reset);
    }

    @CommandLine.Command(
            name = "mem",
            description = "Shows memory by category and rank: high-water marks, measured, beside the plan's figures.",
            footer = {"", "Examples:", "  %%shard mem", "  %%shard mem --chart", "  Table t = %%shard mem --reset"})
    static final class Flags extends Syntax {
        @CommandLine.Option(names = "--chart", description = "draw a chart too")
        boolean chart;

        @CommandLine.Option(names = "--reset", description = "start new high-water marks afterwards")
        boolean reset;

        @Override
        Command read() {
            return new MemCommand(chart, reset);
        }
    }
}
