package io.shardlab.magics.command;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code %shard doctor}. */
public record DoctorCommand(OptionalInt flood) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.doctor(flood);
    }

    @CommandLine.Command(
            name = "doctor",
            description =
                    "Checks JDK, native libraries, devices, memory limits, fonts and shared memory, and gives advice.",
            footer = {
                "",
                "Examples:",
                "  %%shard doctor",
                "  Table t = %%shard doctor",
                "  %%shard doctor --flood 20000"
            })
    static final class Flags extends Syntax {
        @Option(
                names = "--flood",
                paramLabel = "N",
                converter = Values.Count.class,
                description = "lets each worker print N lines and counts what arrives here")
        @Nullable
        Integer flood;

        @Override
        Command read() {
            return new DoctorCommand(flood == null ? OptionalInt.empty() : OptionalInt.of(flood));
        }
    }
}
