package io.shardlab.magics.command;

import java.nio.file.Path;
import picocli.CommandLine;

/** {@code %shard save DIR}. */
public record SaveCommand(Path folder) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.save(folder);
    }

    @CommandLine.Command(
            name = "save",
            description =
                    "Writes the placed model, its optimizer state and where training stands: a folder that Hugging Face tools read too.",
            footer = {"", "Examples:", "  %%shard save checkpoints/first"})
    static final class Flags extends Syntax {
        @CommandLine.Parameters(
                paramLabel = "DIR",
                description =
                        "a new or empty folder, or one that holds a checkpoint, which is replaced when the new one is complete")
        String folder = "";

        @Override
        Command read() {
            return new SaveCommand(Values.folder(folder));
        }
    }
}
