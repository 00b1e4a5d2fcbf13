package io.shardlab.magics.command;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** {@code %shard}, {@code %shard help VERB}, {@code %shard VERB --help}. */
public record HelpCommand(Optional<String> verb) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.help(verb);
    }

    @CommandLine.Command(
            name = "help",
            description = "Lists the verbs, or explains one.",
            footer = {"", "Examples:", "  %%shard help", "  %%shard help train"})
    static final class Flags extends Syntax {
        @CommandLine.Parameters(arity = "0..1", paramLabel = "VERB", description = "the verb to explain")
        @Nullable
        String verb;

        @Override
        Command read() {
            if (verb != null) {
                Verbs.requireVerb(verb);
            }
            return new HelpCommand(Optional.ofNullable(verb));
        }
    }
}
