package io.shardlab.magics.command;

import java.time.Duration;
import picocli.CommandLine;

/** {@code %shard top}. */
public record TopCommand(Duration time) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.top(time);
    }

    @CommandLine.Command(
            name = "top",
            description = "Shows what every worker is doing, in place, for a while; also while a run goes on.",
            footer = {"", "Examples:", "  %%shard top", "  %%shard top --for 2m"})
    static final class Flags extends Syntax {
        @CommandLine.Option(
                names = "--for",
                paramLabel = "TIME",
                converter = Values.Time.class,
                description = "how long, such as 30s (default) or 5m")
        Duration time = Duration.ofSeconds(30);

        @Override
        Command read() {
            return new TopCommand(time);
        }
    }
}
