package io.shardlab.magics.command;

import picocli.CommandLine;

/** {@code %shard doctor}. */
public record DoctorCommand() implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.doctor();
    }

    @CommandLine.Command(
            name = "doctor",
            description =
                    "Checks JDK, native libraries, devices, memory limits, fonts and shared memory, and gives advice.",
            footer = {"", "Examples:", "  %%shard doctor", "  Table t = %%shard doctor"})
    static final class Flags extends Syntax {
        @Override
        Command read() {
            return new DoctorCommand();
        }
    }
}
