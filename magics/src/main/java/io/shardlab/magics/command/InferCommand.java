package io.shardlab.magics.command;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code %shard infer [MODEL]}. */
public record InferCommand(InferOptions options) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.infer(options);
    }

    @CommandLine.Command(
            name = "infer",
            description =
                    "Continues a prompt with the placed model, always by the likeliest token; text appears as it is made.",
            footer = {
                "",
                "Examples:",
                "  %%shard infer --prompt \"public class \" --max-new 64",
                "  %%shard infer tiny --tp 2 --prompt \"int i\" --max-new 16"
            })
    static final class Flags extends Syntax {
        private static final String SAMPLING = "later: sampling";

        @Option(names = "--prompt", paramLabel = "TEXT", description = "what to continue")
        @Nullable
        String prompt;

        @Option(
                names = "--max-new",
                paramLabel = "N",
                converter = Values.Count.class,
                description = "tokens to add (default 32)")
        Integer maxNew = 32;

        @CommandLine.Mixin
        PlacedModelFlags placed = new PlacedModelFlags();

        @Option(names = "--prompts", paramLabel = "FILE", description = "later: many prompts")
        @Nullable
        String prompts;

        @Option(names = "--chat", description = "later: chat templates")
        boolean chat;

        @Option(names = "--temperature", paramLabel = "T", description = SAMPLING)
        @Nullable
        String temperature;

        @Option(names = "--top-k", paramLabel = "K", description = SAMPLING)
        @Nullable
        String topK;

        @Option(names = "--top-p", paramLabel = "P", description = SAMPLING)
        @Nullable
        String topP;

        @Option(names = "--repeat", paramLabel = "N", description = "later: repeated measurement")
        @Nullable
        String repeat;

        @Override
        Command read() {
            if (prompt == null) {
                throw new IllegalArgumentException("infer needs --prompt TEXT: `%shard infer --prompt \"int i\"`");
            }
            return new InferCommand(new InferOptions(placed.read("infer"), prompt, maxNew));
        }
    }
}
