package io.shardlab.magics.command;

import io.shardlab.run.TrainSettings;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/**
 * {@code %shard train [MODEL]}.
 *
 * @param inBackground whether the cell ends while the run goes on
 */
public record TrainCommand(TrainOptions options, boolean inBackground) implements Command {

    @Override
    public Object perform(Actions actions) {
        return inBackground ? actions.start(options) : actions.train(options);
    }

    @CommandLine.Command(
            name = "train",
            description = "Trains the placed model, or places MODEL first; shows progress, then tables and charts.",
            footer = {
                "",
                "The value is a Run: write its type, because r.table() does not compile on a `var`.",
                "  Run r = %%shard train --steps 20",
                "",
                "Examples:",
                "  %%shard train --steps 50 --lr 3e-3",
                "  %%shard train tiny --tp 2 --steps 20 --data java-code",
                "  %%shard train --batch 8 --microbatches 4 --warmup 5 --decay cosine -o first",
                "  %%shard train --steps 100 --save checkpoints/first --every 20",
                "  %%shard train --resume checkpoints/first --pp 2",
                "  %%shard train --steps 2000 -a -o long"
            })
    static final class Flags extends Syntax {
        @Option(names = "--steps", paramLabel = "N", converter = Values.Count.class, description = "default 20")
        Integer steps = TrainSettings.DEFAULT.steps();

        @CommandLine.Mixin
        OptimizerFlags optimizer = new OptimizerFlags();

        @Option(
                names = "--data",
                paramLabel = "SOURCE",
                description =
                        "text file, folder of text files, java-code or random (%%shard data); for blocks fashion-mnist, a folder of MNIST's IDX files or random")
        @Nullable
        String source;

        @Option(names = "--order", paramLabel = "ORDER", description = "sequential (default) | shuffled")
        String order = "sequential";

        @Option(names = "-o", paramLabel = "NAME", description = "name of the run and its folder")
        @Nullable
        String name;

        @Option(
                names = {"-a", "--noblock"},
                description = "in the background: %%shard jobs, wait, attach and interrupt find it by its name")
        boolean inBackground;

        @CommandLine.Mixin
        PlacedModelFlags placed = new PlacedModelFlags();

        @Option(names = "--lora", paramLabel = "RANK", description = "later: low-rank adapters")
        @Nullable
        String lora;

        @CommandLine.Mixin
        CheckpointFlags checkpoint = new CheckpointFlags();

        @CommandLine.Spec
        CommandLine.Model.@Nullable CommandSpec spec;

        /** Flags that ask for a layout. */
        private static final List<String> LAYOUT =
                List.of("--tp", "--pp", "--dp", "--dtype", "--zero", "--sp", "--recompute", "--uneven", "--chunks");

        private boolean given(String flag) {
            return spec != null && spec.commandLine().getParseResult().hasMatchedOption(flag);
        }

        /** A resumed run lays out the checkpoint's own model. */
        private Optional<PlanOptions> placement(CheckpointOptions checkpoints) {
            boolean own = placed.model == null
                    && checkpoints.resume().isPresent()
                    && LAYOUT.stream().anyMatch(this::given);
            return own
                    ? placed.placement.readOptional(checkpoints.resume().get().toString(), "train")
                    : placed.read("train");
        }

        @Override
        Command read() {
            CheckpointOptions checkpoints = checkpoint.read(this::given, steps);
            Values.choice("--order", order, List.of("sequential", "shuffled"));
            TrainSettings settings = optimizer.settings(steps, order.equals("shuffled"), placed.placement.seed());
            return new TrainCommand(
                    new TrainOptions(
                            placement(checkpoints),
                            placed.workload(),
                            settings,
                            Optional.ofNullable(source),
                            Optional.ofNullable(name),
                            checkpoints),
                    inBackground);
        }
    }
}
