package io.shardlab.magics.command;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** {@code %shard attach [NAME]}. */
public record AttachCommand(Optional<String> name) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.attach(name);
    }

    @CommandLine.Command(
            name = "attach",
            description =
                    "Shows a run here, from its beginning until it ends, for instance after the page was reloaded.",
            footer = {"", "Examples:", "  %%shard attach", "  %%shard attach first"})
    static final class Flags extends Syntax {
        @CommandLine.Parameters(
                arity = "0..1",
                paramLabel = "NAME",
                description = "of the run (%%shard jobs); default the one under way, else the last one")
        @Nullable
        String name;

        @Override
        Command read() {
            return new AttachCommand(Optional.ofNullable(name));
        }
    }
}
