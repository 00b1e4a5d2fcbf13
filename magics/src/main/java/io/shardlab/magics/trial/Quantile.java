package io.shardlab.magics.trial;

import java.util.OptionalDouble;
import java.util.stream.DoubleStream;

/** Quantiles of a few durations, by nearest rank. */
public final class Quantile {

    private Quantile() {}

    /** The smallest value that at least this share of all do not exceed; empty of nothing. */
    public static OptionalDouble of(double share, DoubleStream values) {
        double[] sorted = values.sorted().toArray();
        return sorted.length == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(sorted[(int) Math.max(0, Math.ceil(share * sorted.length) - 1)]);
    }
}
