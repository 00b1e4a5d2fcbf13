package io.shardlab.magics.local;

import io.shardlab.cost.MemoryEstimate;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What would let a plan fit that does not.
 *
 * @param limitBytes memory of each rank
 * @param replan where the plan can be changed to one that fits
 */
record CheapestFix(Plan plan, long limitBytes, Optional<Replan> replan) {

    /** How many devices a search goes through where nobody says how many there are. */
    private static final int MOST_RANKS = 64;

    /** The same model planned otherwise. */
    interface Replan {
        /** @throws IllegalArgumentException if that is no scheme for this model */
        Plan under(Scheme scheme);

        /** @throws IllegalArgumentException if the batch does not divide into so many */
        Plan inMicrobatches(int number);
    }

    /**
     * For people.
     *
     * @param use of a rank that does not fit
     * @param limit how many devices there may be
     */
    String text(MemoryUse use, OptionalInt limit) {
        long withoutModel = bytes(use, MemoryCategory.HEAP) + bytes(use, MemoryCategory.OTHER);
        if (withoutModel >= limitBytes) {
            return String.format(
                    Locale.ROOT,
                    "A worker needs %.0f MB before it holds anything: no layout fits, only more --memory helps.",
                    withoutModel / Estimates.MEGABYTE);
        }
        if (replan.isEmpty()) {
            return "Try a smaller --batch or --seq, or more --microbatches.";
        }
        int most = limit.orElse(MOST_RANKS);
        Optional<String> flags = flags(replan.get());
        Optional<String> layout = smallestLayout(replan.get(), limitBytes - withoutModel, most);
        if (flags.isEmpty() && layout.isEmpty()) {
            return "No split of the model over up to " + most + " devices fits; try a smaller --batch or --seq.";
        }
        return Stream.concat(
                        flags.map(fix -> "On the same devices it fits with " + fix + ".").stream(), layout.stream())
                .collect(Collectors.joining(" "));
    }

    private static long bytes(MemoryUse use, MemoryCategory category) {
        return use.bytes().getOrDefault(category, 0L);
    }

    /** What lets the same scheme fit: the least costly first. */
    private Optional<String> flags(Replan other) {
        Options options = plan.options();
        Options again = options.withRecompute(true);
        int most = plan.workload().batch() / plan.scheme().data();
        Map<String, Supplier<Plan>> fixes = new LinkedHashMap<>();
        if (plan.scheme().data() > 1 && options.zero() == 0) {
            fixes.put("--zero 1", () -> plan.withOptions(options.withZero(1)));
        }
        if (plan.workload().microbatches() < most) {
            fixes.put("--microbatches " + most, () -> other.inMicrobatches(most));
        }
        if (!options.recompute()) {
            fixes.put("--recompute", () -> plan.withOptions(again));
        }
        if (!options.recompute() && plan.workload().microbatches() < most) {
            fixes.put("--recompute --microbatches " + most, () -> other.inMicrobatches(most)
                    .withOptions(again));
        }
        return fixes.entrySet().stream()
                .filter(fix -> fits(fix.getValue()))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /**
     * The layout with the fewest ranks that fits; among those, tensor before pipeline.
     *
     * @param room of each rank, beside what a worker needs without a model
     */
    private Optional<String> smallestLayout(Replan other, long room, int most) {
        // Weights, gradients and two moments are somewhere, however they are split.
        long held = 4L
                * plan.type().bytes()
                * plan.parameters().stream()
                        .mapToLong(parameter -> parameter.shape().numElements())
                        .sum();
        for (long ranks = Math.max(1, (held + room - 1) / room); ranks <= most; ranks++) {
            for (int tensor = (int) ranks; tensor >= 1; tensor--) {
                Scheme scheme = new Scheme(1, (int) ranks / tensor, tensor);
                if (ranks % tensor == 0 && fits(() -> other.under(scheme))) {
                    String without = plan.options().zero() > 0 ? " (without --zero 1)" : "";
                    return Optional.of("The smallest layout that fits: " + scheme + without + ".");
                }
            }
        }
        return Optional.empty();
    }

    private boolean fits(Supplier<Plan> made) {
        try {
            return MemoryEstimate.of(made.get()).ranks().stream().allMatch(use -> use.totalBytes() <= limitBytes);
        } catch (IllegalArgumentException impossible) {
            return false;
        }
    }
}
