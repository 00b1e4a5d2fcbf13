package io.shardlab.magics.trial;

import io.shardlab.magics.view.Figures;
import io.shardlab.tensor.TensorType;
import java.util.List;
import java.util.Optional;

/**
 * Whether two runs from the same weights on the same data tell the same losses. The first step's are of one forward pass over
 * equal weights and must agree closely; later ones carry the rounding of the steps before.
 *
 * @param differs whether rounding cannot explain it
 */
public record LossCheck(String verdict, boolean differs) {

    static final String REFERENCE = "reference";
    static final String SAME_BITS = "same bits";
    static final String ROUNDING = "rounding";
    static final String DIFFERENT = "DIFFERENT";

    private static final double FIRST_FLOAT32 = 1e-5;
    private static final double LATER_FLOAT32 = 1e-3;
    private static final double FIRST_FLOAT64 = 1e-12;
    private static final double LATER_FLOAT64 = 1e-8;

    public static LossCheck of(SchemeResult reference, SchemeResult result) {
        Optional<String> unsteady = unsteady(result);
        if (unsteady.isPresent()) {
            return new LossCheck(DIFFERENT + ": " + unsteady.get(), true);
        }
        if (reference == result) {
            return new LossCheck(REFERENCE, false);
        }
        List<Double> expected = reference.losses();
        List<Double> found = result.losses();
        int steps = Math.min(expected.size(), found.size());
        boolean same = true;
        boolean narrow = result.plan().type() == TensorType.FLOAT64;
        for (int step = 0; step < steps; step++) {
            double tolerance =
                    step == 0 ? narrow ? FIRST_FLOAT64 : FIRST_FLOAT32 : narrow ? LATER_FLOAT64 : LATER_FLOAT32;
            double expectedLoss = expected.get(step);
            double foundLoss = found.get(step);
            double relative = Math.abs(foundLoss - expectedLoss) / Math.max(Math.abs(expectedLoss), 1e-12);
            if (!(relative <= tolerance)) {
                return new LossCheck(
                        DIFFERENT + " from step " + step + ": " + Figures.decimal(foundLoss, 6) + " against "
                                + Figures.decimal(expectedLoss, 6),
                        true);
            }
            same &= Double.doubleToLongBits(foundLoss) == Double.doubleToLongBits(expectedLoss);
        }
        return new LossCheck(same ? SAME_BITS : ROUNDING, false);
    }

    /** Runs of one scheme from the same weights must be equal bit for bit. */
    private static Optional<String> unsteady(SchemeResult result) {
        for (Trial trial : result.trials()) {
            if (!trial.losses().equals(result.losses())) {
                return Optional.of("its own runs disagree with each other");
            }
        }
        return Optional.empty();
    }
}
