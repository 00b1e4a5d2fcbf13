package io.shardlab.magics.command;

import io.shardlab.run.TrainSettings;
import java.util.List;
import picocli.CommandLine.Option;

/** AdamW and its learning rate over time. */
final class OptimizerFlags {

    private static final TrainSettings DEFAULT = TrainSettings.DEFAULT;

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

    TrainSettings settings(int steps, boolean shuffled, long seed) {
        Values.choice("--decay", decay, List.of("constant", "cosine"));
        double[] moments = moments();
        return new TrainSettings(
                steps,
                lr,
                weightDecay,
                moments[0],
                moments[1],
                DEFAULT.epsilon(),
                clip,
                warmup,
                decay.equals("cosine"),
                shuffled,
                seed);
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
