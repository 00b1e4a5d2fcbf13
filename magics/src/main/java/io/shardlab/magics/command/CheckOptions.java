package io.shardlab.magics.command;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What to compare with the single-device run.
 *
 * @param placement the model to place first, unless it is placed already
 * @param workload what differs from the placed plan's
 * @param steps training steps to compare
 * @param tolerance largest relative difference that counts as rounding; empty for the type's own
 * @param source of tokens; empty for the default
 * @param breakage a mistake to put into the plan first, one of {@link #BREAKAGES}; empty for none
 */
public record CheckOptions(
        Optional<PlanOptions> placement,
        WorkloadChoice workload,
        int steps,
        OptionalDouble tolerance,
        Optional<String> source,
        Optional<String> breakage) {

    /** Mistakes a plan can be given on purpose: a forgotten sum forward, one backward, two swapped shards, no sum over data ranks. */
    public static final List<String> BREAKAGES = List.of("all-reduce", "gradient-sum", "swap", "data-sum");

    /** Three steps of the placed model. */
    public static final CheckOptions DEFAULT = new CheckOptions(
            Optional.empty(), WorkloadChoice.DEFAULT, 3, OptionalDouble.empty(), Optional.empty(), Optional.empty());

    public CheckOptions {
        if (steps < 1) {
            throw new IllegalArgumentException("steps " + steps + " must be at least 1");
        }
    }
}
