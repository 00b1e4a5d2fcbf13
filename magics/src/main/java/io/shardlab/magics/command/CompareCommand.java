package io.shardlab.magics.command;

import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code %shard compare MODEL}. */
public record CompareCommand(CompareOptions options) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.compare(options);
    }

    @CommandLine.Command(
            name = "compare",
            description =
                    "Trains MODEL under several schemes in turn and says which is fastest and why; what is placed comes back after it.",
            footer = {
                "",
                "A scheme: single | naive=K (K stages, the whole batch as one micro-batch) | tp=T | pp=P | dp=D, joined by commas,",
                "with m=M (micro-batches), schedule=NAME, chunks=V, zero=1, sp, uneven, recompute.",
                "Runs take turns (A B C, C B A …), each from the same fresh weights, after one untimed run of each. Efficiency is",
                "measured against a ceiling: as many independent single runs at once as the scheme has workers, over one.",
                "",
                "Examples:",
                "  %%shard compare tiny",
                "  %%shard compare tiny --schemes \"single; tp=2; pp=2,m=8\" --steps 10 --repeat 5",
                "  %%shard compare small --schemes \"pp=2,m=8; pp=2,m=8,schedule=zb-h1\" --batch 16 --seq 256"
            })
    static final class Flags extends Syntax {
        @CommandLine.Parameters(paramLabel = "MODEL", description = "preset, folder or a model of this notebook")
        String model = "";

        @Option(
                names = "--schemes",
                paramLabel = "LIST",
                description = "set apart by semicolons (default \"" + CompareOptions.SCHEMES + "\")")
        String schemes = CompareOptions.SCHEMES;

        @Option(
                names = "--steps",
                paramLabel = "N",
                converter = Values.Count.class,
                description = "timed steps of each run (default " + CompareOptions.STEPS + ")")
        Integer steps = CompareOptions.STEPS;

        @Option(
                names = "--repeat",
                paramLabel = "K",
                converter = Values.Count.class,
                description = "timed runs of each scheme (default " + CompareOptions.REPEAT + ")")
        Integer repeat = CompareOptions.REPEAT;

        @Option(
                names = "--batch",
                paramLabel = "B",
                converter = Values.Count.class,
                description = "sequences of one step, the same for all (default 8 or the next that all schemes divide)")
        @Nullable
        Integer batch;

        @Option(
                names = "--seq",
                paramLabel = "S",
                converter = Values.Count.class,
                description = "tokens of one sequence")
        @Nullable
        Integer seq;

        @CommandLine.Mixin
        TypeAndSeedFlags typeAndSeed = new TypeAndSeedFlags();

        @Option(names = "--data", paramLabel = "SOURCE", description = "as for train")
        @Nullable
        String source;

        @Option(names = "--infer", description = "later: comparing generation")
        boolean infer;

        @Override
        Command read() {
            CompareOptions options = new CompareOptions(
                    model,
                    ComparedScheme.parseAll(schemes),
                    steps,
                    repeat,
                    new WorkloadChoice(
                            Values.optional(batch), Values.optional(seq), OptionalInt.empty(), Optional.empty()),
                    Values.optional(typeAndSeed.dtype),
                    Values.optional(typeAndSeed.seed),
                    Optional.ofNullable(source));
            options.placements(); // refuses what cannot be compared
            return new CompareCommand(options);
        }
    }
}
