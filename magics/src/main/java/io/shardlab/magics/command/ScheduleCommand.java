package io.shardlab.magics.command;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code %shard schedule NAME}, and {@code %%shard schedule NAME} with the schedule as the cell's text. */
public record ScheduleCommand(ScheduleOptions options) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.schedule(options);
    }

    @CommandLine.Command(
            name = "schedule",
            description =
                    "Draws who computes what when in a pipeline; its cell form keeps the schedule that the cell writes.",
            footer = {
                "",
                "Examples:",
                "  %%shard schedule 1f1b --pp 4 --microbatches 8",
                "  %%shard schedule interleaved --pp 2 --chunks 2 --microbatches 4",
                "",
                "A cell with a line per rank; F, B (or I and W: gradients of inputs, of weights) of stage and micro-batch.",
                "Sends and receives are added where there are none. Then: %%shard train tiny --pp 2 --schedule mine",
                "  %%%%shard schedule mine",
                "  0F0 0F1 0B0 0B1",
                "  1F0 1B0 1F1 1B1"
            })
    static final class Flags extends Syntax {
        @CommandLine.Parameters(
                paramLabel = "NAME",
                description = "gpipe | 1f1b | 1f1b-eager | interleaved | zb-h1, or your own")
        String name = "";

        @Option(
                names = "--pp",
                paramLabel = "P",
                converter = Values.Count.class,
                description = "ranks of the pipeline (default: the placed plan's, else 4)")
        @Nullable
        Integer pp;

        @Option(
                names = "--microbatches",
                paramLabel = "M",
                converter = Values.Count.class,
                description = "default: the placed plan's, else twice the ranks")
        @Nullable
        Integer microbatches;

        @Option(
                names = "--chunks",
                paramLabel = "V",
                converter = Values.Count.class,
                description = "stages per rank of an interleaved pipeline (default 2)")
        @Nullable
        Integer chunks;

        @Override
        Command read() {
            return new ScheduleCommand(new ScheduleOptions(
                    name,
                    Values.optional(pp),
                    Values.optional(microbatches),
                    Values.optional(chunks),
                    Optional.empty()));
        }
    }
}
