package io.shardlab.schedule;

import io.shardlab.plan.Action;
import io.shardlab.plan.Schedule;
import java.util.List;
import java.util.stream.IntStream;

/**
 * In which order each pipeline rank computes.
 *
 * <p>A rule lists passes only; {@link Lowering} adds what is sent and received. Every rule runs the backward passes of a
 * stage in micro-batch order 0 … M−1, so gradients are summed in the same order in every pipeline layout and the result
 * is bitwise that of a single device. The rules here work for any number of micro-batches ≥ 1, fewer than ranks too: the
 * pipeline is then never full, nothing waits forever. Only {@link Interleaved} asks for a multiple of the ranks.
 */
public interface ScheduleRule {

    /** The names of the rules, as users type them. */
    List<String> NAMES = List.of("gpipe", "1f1b", "1f1b-eager", "interleaved", "zb-h1");

    /** What users type. */
    String name();

    /** V, stages per rank: stage s lives on rank s mod p. */
    default int chunks() {
        return 1;
    }

    /** The passes of one rank, in order. */
    List<Action> actions(int rank, int numRanks, int numMicrobatches);

    /** The schedule of all ranks. */
    default Schedule schedule(int numRanks, int numMicrobatches) {
        if (numRanks < 1 || numMicrobatches < 1) {
            throw new IllegalArgumentException(name() + " needs at least one rank and one micro-batch, not " + numRanks
                    + " and " + numMicrobatches);
        }
        return new Schedule(
                name(),
                numRanks * chunks(),
                numMicrobatches,
                IntStream.range(0, numRanks)
                        .mapToObj(rank -> actions(rank, numRanks, numMicrobatches))
                        .toList());
    }

    /**
     * The rule of that name.
     *
     * @param chunks stages per rank; more than 1 for {@code interleaved}, 1 for the others
     */
    static ScheduleRule named(String name, int chunks) {
        ScheduleRule rule =
                switch (name) {
                    case "gpipe" -> new GPipe();
                    case "1f1b" -> new OneForwardOneBackward();
                    case "1f1b-eager" -> new EagerOneForwardOneBackward();
                    case "interleaved" -> new Interleaved(chunks);
                    case "zb-h1" -> new ZeroBubbleH1();
                    default -> throw new IllegalArgumentException(
                            "schedule '" + name + "' is not one of " + String.join(", ", NAMES));
                };
        return rule.requireChunks(chunks);
    }

    /** The rule of that name, with one stage per rank. */
    static ScheduleRule named(String name) {
        return named(name, 1);
    }

    /** This rule; {@link IllegalArgumentException} where a rank has another number of stages than it is made for. */
    default ScheduleRule requireChunks(int numStagesPerRank) {
        if (chunks() != numStagesPerRank) {
            throw new IllegalArgumentException("schedule " + name() + " runs " + chunks()
                    + (chunks() == 1 ? " stage" : " stages") + " per rank, not chunks=" + numStagesPerRank
                    + (chunks() == 1 ? "; interleaved runs several" : ""));
        }
        return this;
    }
}
