package io.shardlab.magics.command;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** {@code %shard interrupt [NAME]}. */
public record InterruptCommand(Optional<String> name) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.interrupt(name);
    }

    @CommandLine.Command(
            name = "interrupt",
            description =
                    "Stops a run at its next micro-batch, or a cell, and keeps the weights; once more while it is stopping kills the workers.",
            footer = {"", "Examples:", "  %%shard interrupt", "  %%shard interrupt first"})
    static final class Flags extends Syntax {
        @CommandLine.Parameters(
                arity = "0..1",
                paramLabel = "NAME",
                description = "of the run (%%shard jobs); default the one under way")
        @Nullable
        String name;

        @Override
        Command read() {
            return new InterruptCommand(Optional.ofNullable(name));
        }
    }
}
