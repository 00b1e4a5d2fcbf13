package io.shardlab.magics.command;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a run saves, and what it goes on from. */
final class CheckpointFlags {

    /** Flags that a resumed run takes from its checkpoint. */
    private static final List<String> OF_A_NEW_RUN = List.of(
            "--lr",
            "--dropout",
            "--weight-decay",
            "--betas",
            "--clip",
            "--warmup",
            "--decay",
            "--order",
            "--seed",
            "--batch",
            "--seq");

    @Option(names = "--save", paramLabel = "DIR", description = "checkpoint to write at the end of the run")
    @Nullable
    String save;

    @Option(
            names = "--every",
            paramLabel = "K",
            converter = Values.Count.class,
            description = "with --save: also after every K steps")
    @Nullable
    Integer every;

    @Option(
            names = "--resume",
            paramLabel = "DIR",
            description = "checkpoint whose run goes on, with its settings; --steps is then the run's total")
    @Nullable
    String resume;

    /**
     * @param given whether a flag stands in the line
     * @param steps of the line, else the default
     */
    CheckpointOptions read(Predicate<String> given, int steps) {
        Optional<Path> resumed = Optional.ofNullable(resume).map(Values::folder);
        if (resumed.isPresent()) {
            OF_A_NEW_RUN.stream().filter(given).findFirst().ifPresent(flag -> {
                throw new IllegalArgumentException(flag + " belongs to a new run, and --resume goes on with "
                        + "an old one; allowed beside it: --steps, --microbatches, --data, --save, --every, -o "
                        + "and the layout");
            });
        }
        return new CheckpointOptions(
                Optional.ofNullable(save).map(Values::folder),
                Values.optional(every),
                resumed,
                resumed.isPresent() && given.test("--steps") ? OptionalInt.of(steps) : OptionalInt.empty());
    }
}
