package io.shardlab.magics.command;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Parameters;

/** {@code [NAME]} of a run, one that has ended too. */
final class RunFlag {

    @Parameters(
            arity = "0..1",
            paramLabel = "NAME",
            description = "of the run (%%shard jobs); default the one under way, else the last one")
    @Nullable
    String name;

    Optional<String> read() {
        return Optional.ofNullable(name);
    }
}
