package io.shardlab.parity;

import java.util.Optional;

/**
 * What a check concludes.
 *
 * @param kind same bits, rounding or bug
 * @param first for a bug, the first tensor that deviates in the order of computation
 */
public record Verdict(Kind kind, Optional<Difference> first) {

    /** The three verdicts, in the words shown to people. */
    public enum Kind {
        SAME_BITS("same bits"),
        ROUNDING("rounding"),
        BUG("bug");

        private final String words;

        Kind(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    /** Largest relative difference that two float64 runs of the same mathematics show after a few optimizer steps. */
    public static final double FLOAT64_TOLERANCE = 1e-9;

    /**
     * Judges.
     *
     * @param asPlaced the comparison in the placed type
     * @param float64 the comparison of float64 twins
     * @param tolerance of float64
     */
    public static Verdict of(Comparison asPlaced, Comparison float64, double tolerance) {
        Optional<Difference> wrong = float64.firstAbove(tolerance);
        if (wrong.isPresent()) {
            return new Verdict(Kind.BUG, wrong);
        }
        return new Verdict(asPlaced.sameBits() ? Kind.SAME_BITS : Kind.ROUNDING, Optional.empty());
    }
}
