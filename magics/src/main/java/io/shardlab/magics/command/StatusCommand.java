package io.shardlab.magics.command;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** {@code %shard status}. */
public record StatusCommand(Optional<Duration> time) implements Command {

    @Override
    public Object perform(Actions actions) {
        return time.map(actions::top).orElseGet(actions::status);
    }

    @CommandLine.Command(
            name = "status",
            description = "Shows every worker: its role, process, device, state, last action, memory and last error.",
            footer = {"", "Examples:", "  %%shard status", "  %%shard status --for 2s", "  Table t = %%shard status"})
    static final class Flags extends Syntax {
        @CommandLine.Option(
                names = "--for",
                paramLabel = "TIME",
                converter = Values.Time.class,
                description = "updates it in place for so long, as %%shard top does: 2s, 5m")
        @Nullable
        Duration time;

        @Override
        Command read() {
            return new StatusCommand(Optional.ofNullable(time));
        }
    }
}
