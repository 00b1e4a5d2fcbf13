package io.shardlab.magics.command;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code %shard check [MODEL]}. */
public record CheckCommand(CheckOptions options) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.check(options);
    }

    @CommandLine.Command(
            name = "check",
            description =
                    "Compares outputs, gradients and parameters of the sharded model with one device: same bits, rounding or bug.",
            footer = {
                "",
                "Examples:",
                "  %%shard check",
                "  %%shard check tiny --tp 2 --steps 3",
                "  %%shard check --tol 1e-5",
                "  %%shard check --break all-reduce",
                "",
                "The value is a Verdict: write its type, because v.table() does not compile on a `var`.",
                "  Verdict v = %%shard check"
            })
    static final class Flags extends Syntax {
        @Option(names = "--against", paramLabel = "SCHEME", description = "single (default)")
        String against = "single";

        @Option(names = "--steps", paramLabel = "N", converter = Values.Count.class, description = "default 3")
        Integer steps = 3;

        @Option(
                names = "--tol",
                paramLabel = "X",
                converter = Values.Decimal.class,
                description = "largest relative difference that counts as rounding (default: by type)")
        @Nullable
        Double tolerance;

        @Option(names = "--data", paramLabel = "SOURCE", description = "as for train")
        @Nullable
        String source;

        @Option(
                names = "--break",
                paramLabel = "MISTAKE",
                description =
                        "checks a plan broken on purpose: all-reduce, gradient-sum, swap or data-sum; the verdict must be bug")
        @Nullable
        String breakage;

        @CommandLine.Mixin
        PlacedModelFlags placed = new PlacedModelFlags();

        @Override
        Command read() {
            Values.choice("--against", against, List.of("single"));
            if (breakage != null) {
                Values.choice("--break", breakage, CheckOptions.BREAKAGES);
            }
            return new CheckCommand(new CheckOptions(
                    placed.read("check"),
                    placed.workload(),
                    steps,
                    Values.optional(tolerance),
                    Optional.ofNullable(source),
                    Optional.ofNullable(breakage)));
        }
    }
}
