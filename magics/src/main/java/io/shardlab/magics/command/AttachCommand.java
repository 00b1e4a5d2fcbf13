package io.shardlab.magics.command;

import java.util.Optional;
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
                    "Shows a run or cell here, from its beginning until it ends, for instance after the page was reloaded.",
            footer = {"", "Examples:", "  %%shard attach", "  %%shard attach first"})
    static final class Flags extends Syntax {
        @CommandLine.Mixin
        RunFlag run = new RunFlag();

        @Override
        Command read() {
            return new AttachCommand(run.read());
        }
    }
}
