package io.shardlab.magics.command;

import java.nio.file.Path;
import picocli.CommandLine;

/** {@code %shard load DIR}. */
public record LoadCommand(Path folder) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.load(folder);
    }

    @CommandLine.Command(
            name = "load",
            description =
                    "Replaces the placed model's weights, optimizer state and step by those of a checkpoint, saved under any layout.",
            footer = {"", "Examples:", "  %%shard place tiny --pp 2", "  %%shard load checkpoints/first"})
    static final class Flags extends Syntax {
        @CommandLine.Parameters(paramLabel = "DIR", description = "a folder that %%shard save or train --save wrote")
        String folder = "";

        @Override
        Command read() {
            return new LoadCommand(Values.folder(folder));
        }
    }
}
