package io.shardlab.magics.command;

import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** {@code %shard timeline}. */
public record TimelineCommand(TimelineOptions options) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.timeline(options);
    }

    @CommandLine.Command(
            name = "timeline",
            description = "Draws what each rank did in one step: forward, backward, communication, idle.",
            footer = {
                "",
                "Examples:",
                "  %%shard timeline",
                "  %%shard timeline --step 3 --save step3.json",
                "  %%shard timeline --predicted"
            })
    static final class Flags extends Syntax {
        @CommandLine.Option(
                names = "--step",
                paramLabel = "last|K",
                description = "a step of the last run, counted from 0 (default last)")
        String step = "last";

        @CommandLine.Option(
                names = "--predicted",
                description = "the estimate for the placed plan, not the measurement")
        boolean predicted;

        @CommandLine.Option(names = "--save", paramLabel = "FILE", description = "write a Chrome-trace file")
        @Nullable
        String file;

        @Override
        Command read() {
            OptionalInt which = OptionalInt.empty();
            if (!step.equals("last")) {
                if (!step.matches("[0-9]{1,9}")) {
                    throw new IllegalArgumentException("--step " + step + " is not 'last' or a step counted from 0");
                }
                which = OptionalInt.of(Integer.parseInt(step));
            }
            return new TimelineCommand(new TimelineOptions(
                    which, predicted, Optional.ofNullable(file).map(Values::path)));
        }
    }
}
