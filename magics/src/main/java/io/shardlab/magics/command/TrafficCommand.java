package io.shardlab.magics.command;

import picocli.CommandLine;

/** {@code %shard traffic}. */
public record TrafficCommand(boolean chart, boolean reset) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.traffic(chart, reset);
    }

    @CommandLine.Command(
            name = "traffic",
            description = "Shows the bytes that each rank has sent to each other rank, and through which collectives.",
            footer = {
                "",
                "A collective counts the bytes that its rank must send, in equal parts to the others of its group: an",
                "all-reduce of S bytes among n ranks is 2S/n from each to each other.",
                "",
                "Examples:",
                "  %%shard traffic",
                "  %%shard traffic --chart",
                "  Table t = %%shard traffic --reset"
            })
    static final class Flags extends Syntax {
        @CommandLine.Option(names = "--chart", description = "draw a heat map too")
        boolean chart;

        @CommandLine.Option(names = "--reset", description = "count from 0 afterwards")
        boolean reset;

        @Override
        Command read() {
            return new TrafficCommand(chart, reset);
        }
    }
}
