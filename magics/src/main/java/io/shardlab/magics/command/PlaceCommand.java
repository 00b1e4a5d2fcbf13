package io.shardlab.magics.command;

import picocli.CommandLine;

/** {@code %shard place MODEL}. */
public record PlaceCommand(PlanOptions options) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.place(options);
    }

    @CommandLine.Command(
            name = "place",
            description =
                    "Puts the shards of a model on the workers, from a seed or from a folder of safetensors files.",
            footer = {
                "",
                "Examples:",
                "  %%shard place tiny --tp 2",
                "  %%shard place small --pp 2 --batch 8 --microbatches 4 --seed 7"
            })
    static final class Flags extends Syntax {
        @CommandLine.Mixin
        ModelFlags model = new ModelFlags();

        @Override
        Command read() {
            return new PlaceCommand(model.read());
        }
    }
}
