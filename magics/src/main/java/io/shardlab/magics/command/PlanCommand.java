package io.shardlab.magics.command;

import picocli.CommandLine;

/** {@code %shard plan MODEL}. */
public record PlanCommand(PlanOptions options) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.plan(options);
    }

    @CommandLine.Command(
            name = "plan",
            description =
                    "Shows what a model costs under a scheme, before anything is started: memory, bytes sent, bubble, step time.",
            footer = {
                "",
                "Examples:",
                "  %%shard plan tiny --tp 2",
                "  %%shard plan small --pp 2 --microbatches 4 --batch 8 --seq 128",
                "  %%shard plan small --tp 2 --link 1GB/s,50us",
                "  %%shard plan char --devices 8 --tp 4 --pp 2 --memory 1g --price 1.20/h",
                "",
                "The value is a PlanView: write its type, because p.table() does not compile on a `var`.",
                "  PlanView p = %%shard plan tiny --tp 2"
            })
    static final class Flags extends Syntax {
        @CommandLine.Mixin
        ModelFlags model = new ModelFlags();

        @Override
        Command read() {
            return new PlanCommand(model.read());
        }
    }
}
