package io.shardlab.magics.command;

import io.shardlab.mesh.Selection;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** {@code %shard interrupt [NAME]}. */
public record InterruptCommand(Optional<String> name, Selection selection) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.interrupt(name, selection);
    }

    @CommandLine.Command(
            name = "interrupt",
            description =
                    "Stops a run at its next micro-batch, or a cell, and keeps the weights; once more while it is stopping kills the workers.",
            footer = {"", "Examples:", "  %%shard interrupt", "  %%shard interrupt first", "  %%shard interrupt -t 1"})
    static final class Flags extends Syntax {
        @CommandLine.Parameters(
                arity = "0..1",
                paramLabel = "NAME",
                description = "of the run (%%shard jobs); default the one under way")
        @Nullable
        String name;

        @CommandLine.Option(
                names = {"-t", "--to"},
                paramLabel = "SEL",
                converter = Values.Ranks.class,
                description =
                        "only if it runs on one of these ranks; all of its ranks stop together: " + SelectionFlag.FORMS)
        Selection selection = Selection.ALL;

        @Override
        Command read() {
            return new InterruptCommand(Optional.ofNullable(name), selection);
        }
    }
}
