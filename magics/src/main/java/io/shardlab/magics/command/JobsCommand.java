package io.shardlab.magics.command;

import picocli.CommandLine;

/** {@code %shard jobs}. */
public record JobsCommand() implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.jobs();
    }

    @CommandLine.Command(
            name = "jobs",
            description =
                    "Lists the runs of this notebook and its cells in the background, those that go on and those that have ended.",
            footer = {"", "Examples:", "  %%shard jobs", "  Table runs = %%shard jobs"})
    static final class Flags extends Syntax {
        @Override
        Command read() {
            return new JobsCommand();
        }
    }
}
