package io.shardlab.magics.command;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/**
 * {@code %shard compare MODEL}.
 *
 * @param generation what to continue, where generation is compared rather than training
 */
public record CompareCommand(CompareOptions options, Optional<InferOptions> generation) implements Command {

    @Override
    public Object perform(Actions actions) {
        return generation.map(prompt -> actions.compare(options, prompt)).orElseGet(() -> actions.compare(options));
    }

    @CommandLine.Command(
            name = "compare",
            description =
                    "Trains MODEL, or with --infer lets it continue a prompt, under several schemes in turn and says which is fastest and why; what is placed comes back after it.",
            footer = {
                "",
                "A scheme: single | naive=K (K stages, the whole batch as one micro-batch) | tp=T | pp=P | dp=D, joined by commas,",
                "with m=M (micro-batches), schedule=NAME, chunks=V, zero=1, sp, uneven, recompute.",
                "Runs take turns (A B C, C B A …), each from the same fresh weights, after one untimed run of each. Efficiency is",
                "measured against a ceiling: as many independent single runs at once as the scheme has workers, over one.",
                "With --infer each scheme continues the same prompt from the same weights, one sequence at a time:",
                "micro-batches, schedules and data ranks change nothing then, and all must say the same tokens.",
                "",
                "Examples:",
                "  %%shard compare tiny",
                "  %%shard compare tiny --schemes \"single; tp=2; pp=2,m=8\" --steps 10 --repeat 5",
                "  %%shard compare small --schemes \"pp=2,m=8; pp=2,m=8,schedule=zb-h1\" --batch 16 --seq 256",
                "  %%shard compare tiny --infer --prompt \"int i\" --max-new 16 --schemes \"single; tp=2; pp=2\"",
                "",
                "The value is a Table: write its type, because t.rowCount() does not compile on a `var`.",
                "  Table t = %%shard compare tiny"
            })
    static final class Flags extends Syntax {
        private static final String PROMPT = "public class ";
        private static final int MAX_NEW = 32;

        @CommandLine.Parameters(paramLabel = "MODEL", description = "preset, folder or a model of this notebook")
        String model = "";

        @Option(
                names = "--schemes",
                paramLabel = "LIST",
                description = "set apart by semicolons (default \"" + CompareOptions.SCHEMES + "\", with --infer \""
                        + CompareOptions.GENERATING + "\")")
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

        @Option(names = "--infer", description = "generation instead of training: tokens/s, first token, ms per token")
        boolean infer;

        @Option(
                names = "--prompt",
                paramLabel = "TEXT",
                description = "with --infer: what to continue (default \"" + PROMPT + "\")")
        String prompt = PROMPT;

        @Option(
                names = "--max-new",
                paramLabel = "N",
                converter = Values.Count.class,
                description = "with --infer: tokens to add (default " + MAX_NEW + ")")
        Integer maxNew = MAX_NEW;

        @CommandLine.Spec
        CommandLine.Model.@Nullable CommandSpec spec;

        private boolean given(String flag) {
            return spec != null && spec.commandLine().getParseResult().hasMatchedOption(flag);
        }

        /** Refuses flags of the other thing that can be compared. */
        private void requireFlagsThatCount() {
            List<String> ofTraining = List.of("--steps", "--batch", "--seq", "--data");
            List<String> ofGeneration = List.of("--prompt", "--max-new");
            for (String flag : infer ? ofTraining : ofGeneration) {
                if (given(flag)) {
                    throw new IllegalArgumentException(
                            infer
                                    ? flag + " is for training, and --infer compares generation; beside it: --prompt, "
                                            + "--max-new, --schemes, --repeat, --dtype, --seed"
                                    : flag + " is for generation: add --infer");
                }
            }
        }

        @Override
        Command read() {
            requireFlagsThatCount();
            if (infer && !given("--schemes")) {
                schemes = CompareOptions.GENERATING;
            }
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
            return new CompareCommand(
                    options,
                    infer ? Optional.of(new InferOptions(Optional.empty(), prompt, maxNew)) : Optional.empty());
        }
    }
}
