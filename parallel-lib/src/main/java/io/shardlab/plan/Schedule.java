package io.shardlab.plan;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToLongFunction;
import java.util.stream.Stream;

/**
 * What each pipeline rank does, in order.
 *
 * @param name of the rule that wrote it, for instance {@code 1f1b}
 * @param numStages stages of the model
 * @param numMicrobatches M
 * @param actions per pipeline rank
 */
public record Schedule(String name, int numStages, int numMicrobatches, List<List<Action>> actions) {

    public Schedule {
        actions = actions.stream().map(List::copyOf).toList();
    }

    public int numRanks() {
        return actions.size();
    }

    /** The rank that runs a stage: stage s belongs to rank s mod p. */
    public int rankOf(int stage) {
        return stage % numRanks();
    }

    /**
     * The most that a rank holds at once, where each stage holds {@code perMicrobatch} from a micro-batch's forward to the
     * end of its backward (of its W pass, where B is split). With 1 for every stage and one stage per rank: GPipe M, 1F1B
     * min(M, p − rank).
     */
    public long peakOnRank(int rank, IntToLongFunction perMicrobatch) {
        long held = 0;
        long peak = 0;
        for (Action action : actions.get(rank)) {
            if (action instanceof Action.Compute compute) {
                switch (compute.pass()) {
                    case FORWARD -> held += perMicrobatch.applyAsLong(compute.stage());
                    case BACKWARD, BACKWARD_WEIGHT -> held -= perMicrobatch.applyAsLong(compute.stage());
                    case BACKWARD_INPUT -> {}
                }
                peak = Math.max(peak, held);
            }
        }
        return peak;
    }

    /** Whether any backward pass is cut into input and weight gradients. */
    public boolean splitsBackward() {
        return passes().anyMatch(compute -> compute.pass() == Pass.BACKWARD_INPUT);
    }

    /**
     * Whether every stage adds up its weight gradients in micro-batch order, as a single device does: results are then the
     * same bits, else they agree to rounding.
     */
    public boolean sumsInOrder() {
        Map<Integer, Integer> last = new HashMap<>();
        return passes().filter(compute -> compute.pass() == Pass.BACKWARD || compute.pass() == Pass.BACKWARD_WEIGHT)
                .allMatch(compute -> last.merge(
                                compute.stage(),
                                compute.microbatch(),
                                (before, now) -> now > before ? now : Integer.MAX_VALUE)
                        == compute.microbatch());
    }

    private Stream<Action.Compute> passes() {
        return actions.stream()
                .flatMap(List::stream)
                .filter(Action.Compute.class::isInstance)
                .map(Action.Compute.class::cast);
    }

    /** Its text form: a header, then one line per rank; {@link #parse} reads it back. */
    public String text() {
        return ScheduleText.write(this);
    }

    /**
     * Reads a schedule as people write it: one line per rank, actions separated by blanks or commas, {@code #} comments,
     * {@code -} for a rank that does nothing. A first line {@code schedule NAME stages=S microbatches=M} may be left out
     * in whole or in part; stages and micro-batches are then counted from the actions.
     */
    public static Schedule parse(String text) {
        return ScheduleText.read(text);
    }
}
