package io.shardlab.run;

/**
 * How to train, beyond what the plan says.
 *
 * @param steps optimizer steps of this run
 * @param learningRate peak rate
 * @param weightDecay decoupled, on matrices only
 * @param beta1 first-moment decay
 * @param beta2 second-moment decay
 * @param epsilon added to the root
 * @param clip largest global gradient norm, {@code 0} for no clipping
 * @param warmup steps of linear rise to the peak rate
 * @param cosine whether the rate falls to 0 along a half cosine; constant otherwise
 * @param shuffled whether sequences start at pseudo-random tokens; in file order otherwise
 * @param seed of the shuffling
 */
public record TrainSettings(
        int steps,
        double learningRate,
        double weightDecay,
        double beta1,
        double beta2,
        double epsilon,
        double clip,
        int warmup,
        boolean cosine,
        boolean shuffled,
        long seed) {

    public static final TrainSettings DEFAULT =
            new TrainSettings(20, 1e-3, 0.1, 0.9, 0.95, 1e-8, 0, 0, false, false, 0);

    public TrainSettings {
        require(steps >= 1, "steps " + steps + " must be at least 1");
        require(learningRate >= 0 && Double.isFinite(learningRate), "lr " + learningRate + " must be ≥ 0");
        require(weightDecay >= 0 && Double.isFinite(weightDecay), "weight-decay " + weightDecay + " must be ≥ 0");
        require(
                beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
                "betas " + beta1 + "," + beta2 + " must lie in [0, 1)");
        require(epsilon > 0 && Double.isFinite(epsilon), "epsilon " + epsilon + " must be > 0");
        require(clip >= 0 && Double.isFinite(clip), "clip " + clip + " must be ≥ 0");
        require(warmup >= 0, "warmup " + warmup + " must be ≥ 0");
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    public TrainSettings withSteps(int count) {
        return new TrainSettings(
                count, learningRate, weightDecay, beta1, beta2, epsilon, clip, warmup, cosine, shuffled, seed);
    }

    /** The rate of step {@code step}, counted from 0, of a run of {@link #steps}. */
    public double rateAt(int step) {
        if (step < warmup) {
            return learningRate * (step + 1) / warmup;
        }
        if (!cosine) {
            return learningRate;
        }
        double progress = (double) (step - warmup) / Math.max(1, steps - warmup);
        return learningRate * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
    }
}
