package io.shardlab.magics.command;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** {@code %shard compat}. */
public record CompatCommand(Dialect dialect) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.compat(dialect);
    }

    @CommandLine.Command(
            name = "compat",
            description = "Turns on the magics of nbdistributed or ipyparallel, as translations into ours.",
            footer = {
                "",
                "Each magic says once what it has become. What cannot be done here is refused, with our way.",
                "",
                "Examples:",
                "  %%shard compat nbdistributed",
                "  %%shard compat ipyparallel"
            })
    static final class Flags extends Syntax {
        @CommandLine.Parameters(paramLabel = "TOOL", arity = "0..1", description = "nbdistributed or ipyparallel")
        @Nullable
        String tool;

        @Override
        Command read() {
            if (tool == null) {
                throw new IllegalArgumentException("compat needs a TOOL: " + String.join(" or ", Dialect.NAMES));
            }
            try {
                return new CompatCommand(Dialect.named(tool));
            } catch (IllegalArgumentException refused) {
                throw new IllegalArgumentException(
                        "'" + Refusals.shortened(tool) + "' " + refused.getMessage(), refused);
            }
        }
    }
}
