package io.shardlab.magics.command;

import io.shardlab.mesh.Selection;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** {@code %shard pull}. */
public record PullCommand(String name, Selection selection) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.pull(name, selection);
    }

    @CommandLine.Command(
            name = "pull",
            description = "Fetches a variable of the workers' cells: numbers, texts, arrays, tensors.",
            footer = {
                "",
                "The value of the line holds them: `io.shardlab.magics.session.Pulled p = %%shard pull x`, then",
                "p.value(0), p.values() or p.table(). A tensor comes as a Java array of its shape. Up to 8 MiB each.",
                "",
                "Examples:",
                "  %%shard pull x",
                "  %%shard pull losses -t last-stage"
            })
    static final class Flags extends Syntax {
        @CommandLine.Parameters(paramLabel = "NAME", arity = "0..1", description = "of the variable")
        @Nullable
        String name;

        @CommandLine.Mixin
        SelectionFlag ranks = new SelectionFlag();

        @Override
        Command read() {
            if (name == null) {
                throw new IllegalArgumentException(
                        "pull needs a NAME: `%shard pull x`; `%shard vars` lists the variables");
            }
            return new PullCommand(name, ranks.selection);
        }
    }
}
