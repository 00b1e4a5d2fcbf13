package io.shardlab.magics.command;

import java.util.Optional;
import picocli.CommandLine;

/** {@code %shard wait [NAME]}. */
public record WaitCommand(Optional<String> name) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.await(name);
    }

    @CommandLine.Command(
            name = "wait",
            description =
                    "Waits for a run or cell in the background, then shows what it leaves; an interrupt ends the waiting only.",
            footer = {"", "Examples:", "  %%shard wait", "  %%shard wait first"})
    static final class Flags extends Syntax {
        @CommandLine.Mixin
        RunFlag run = new RunFlag();

        @Override
        Command read() {
            return new WaitCommand(run.read());
        }
    }
}
