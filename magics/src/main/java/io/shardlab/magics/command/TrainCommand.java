package io.shardlab.magics.command;

import io.shardlab.run.TrainSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
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
                "Examples:",
                "  %%shard train --steps 50 --lr 3e-3",
                "  %%shard train tiny --tp 2 --steps 20 --data java-code",
                "  %%shard train --batch 8 --microbatches 4 --warmup 5 --decay cosine -o first",
                "  %%shard train --steps 100 --save checkpoints/first --every 20",
                "  %%shard train --resume checkpoints/first --pp 2",
                "  %%shard train --steps 2000 -a -o long"
            })
    static final class Flags extends Syntax {
        private static final TrainSettings DEFAULT = TrainSettings.DEFAULT;

        @CommandLine.Parameters(
                arity = "0..1",
                paramLabel = "MODEL",
                description = "placed first unless it is placed already")
        @Nullable
        String model;

        @Option(names = "--steps", paramLabel = "N", converter = Values.Count.class, description = "default 20")
        Integer steps = DEFAULT.steps();

        @Option(
                names = "--lr",
                paramLabel = "RATE",
                converter = Values.Decimal.class,
                description = "peak learning rate (default 0.001)")
        Double lr = DEFAULT.learningRate();

        @Option(
                names = "--weight-decay",
                paramLabel = "W",
                converter = Values.Decimal.class,
                description = "decoupled, on matrices only (default 0.1)")
        Double weightDecay = DEFAULT.weightDecay();

        @Option(names = "--betas", paramLabel = "B1,B2", description = "of AdamW (default 0.9,0.95)")
        String betas = DEFAULT.beta1() + "," + DEFAULT.beta2();

        @Option(
                names = "--clip",
                paramLabel = "C",
                converter = Values.Decimal.class,
                description = "largest gradient norm; 0 for no clipping (default)")
        Double clip = DEFAULT.clip();

        @Option(
                names = "--warmup",
                paramLabel = "N",
                converter = Values.CountOrZero.class,
                description = "steps of linear rise (default 0)")
        Integer warmup = DEFAULT.warmup();

        @Option(names = "--decay", paramLabel = "CURVE", description = "constant (default) | cosine")
        String decay = "constant";

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
        PlacementFlags placement = new PlacementFlags();

        @Option(names = "--lora", paramLabel = "RANK", description = "later: low-rank adapters")
        @Nullable
        String lora;

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

        @CommandLine.Spec
        CommandLine.Model.@Nullable CommandSpec spec;

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

        /** Flags that ask for a layout. */
        private static final List<String> LAYOUT =
                List.of("--tp", "--pp", "--dp", "--dtype", "--zero", "--sp", "--recompute", "--uneven", "--chunks");

        private boolean given(String flag) {
            return spec != null && spec.commandLine().getParseResult().hasMatchedOption(flag);
        }

        private CheckpointOptions checkpoints() {
            Optional<Path> resumed = Optional.ofNullable(resume).map(Values::folder);
            if (resumed.isPresent()) {
                for (String flag : OF_A_NEW_RUN) {
                    if (given(flag)) {
                        throw new IllegalArgumentException(flag + " belongs to a new run, and --resume goes on with "
                                + "an old one; allowed beside it: --steps, --microbatches, --data, --save, --every, -o "
                                + "and the layout");
                    }
                }
            }
            return new CheckpointOptions(
                    Optional.ofNullable(save).map(Values::folder),
                    Values.optional(every),
                    resumed,
                    resumed.isPresent() && given("--steps") ? OptionalInt.of(steps) : OptionalInt.empty());
        }

        /** A resumed run lays out the checkpoint's own model. */
        private Optional<PlanOptions> placement(CheckpointOptions checkpoints) {
            boolean own = model == null
                    && checkpoints.resume().isPresent()
                    && LAYOUT.stream().anyMatch(this::given);
            return placement.readOptional(own ? checkpoints.resume().get().toString() : model, "train");
        }

        @Override
        Command read() {
            CheckpointOptions checkpoints = checkpoints();
            Values.choice("--decay", decay, List.of("constant", "cosine"));
            Values.choice("--order", order, List.of("sequential", "shuffled"));
            double[] moments = moments();
            TrainSettings settings = new TrainSettings(
                    steps,
                    lr,
                    weightDecay,
                    moments[0],
                    moments[1],
                    DEFAULT.epsilon(),
                    clip,
                    warmup,
                    decay.equals("cosine"),
                    order.equals("shuffled"),
                    Values.optional(placement.seed).orElse(0));
            return new TrainCommand(
                    new TrainOptions(
                            placement(checkpoints),
                            placement.workload.read(),
                            settings,
                            Optional.ofNullable(source),
                            Optional.ofNullable(name),
                            checkpoints),
                    inBackground);
        }

        private double[] moments() {
            String[] parts = betas.split(",", -1);
            try {
                if (parts.length == 2) {
                    double[] both = {Values.decimal(parts[0].strip()), Values.decimal(parts[1].strip())};
                    if (both[0] < 1 && both[1] < 1) {
                        return both;
                    }
                }
            } catch (IllegalArgumentException notNumbers) {
                throw new IllegalArgumentException(betasRule(), notNumbers);
            }
            throw new IllegalArgumentException(betasRule());
        }

        private String betasRule() {
            return "--betas " + betas + " must be two numbers in [0, 1) such as 0.9,0.95";
        }
    }
}
