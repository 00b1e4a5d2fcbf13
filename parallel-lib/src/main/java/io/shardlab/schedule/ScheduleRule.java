package io.shardlab.schedule;

import io.shardlab.plan.Action;
import io.shardlab.plan.Schedule;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * In which order each pipeline rank computes.
 *
 * <p>A rule lists passes only; {@link Lowering} adds what is sent and received. Every rule runs the backward passes of a
 * stage in micro-batch order 0 … M−1, so gradients are summed in the same order in every pipeline layout and the result
 * is bitwise that of a single device. The rules here work for any number of micro-batches ≥ 1, fewer than ranks too: the
 * pipeline is then never full, nothing waits forever.
 */
public interface ScheduleRule {

    /** What users type. */
    String name();

    /** The passes of one rank, in order. */
    List<Action> actions(int rank, int numRanks, int numMicrobatches);

    /** The compute-only schedule of all ranks, one stage each. */
    default Schedule schedule(int numRanks, int numMicrobatches) {
        if (numRanks < 1 || numMicrobatches < 1) {
            throw new IllegalArgumentException(name() + " needs at least one rank and one micro-batch, not " + numRanks
                    + " and " + numMicrobatches);
        }
        return new Schedule(
                name(),
                numRanks,
                numMicrobatches,
                IntStream.range(0, numRanks)
                        .mapToObj(rank -> actions(rank, numRanks, numMicrobatches))
                        .toList());
    }

    /** The rule of that name: {@code gpipe} or {@code 1f1b}. */
    static ScheduleRule named(String name) {
        Map<String, ScheduleRule> rules = new TreeMap<>();
        for (ScheduleRule rule : List.of(new GPipe(), new OneForwardOneBackward())) {
            rules.put(rule.name(), rule);
        }
        ScheduleRule rule = rules.get(name);
        if (rule != null) {
            return rule;
        }
        if (name.equals("interleaved") || name.equals("zb-h1")) {
            throw new IllegalArgumentException(
                    "schedule '" + name + "' comes in a later version; today: gpipe, 1f1b, or your own as text");
        }
        throw new IllegalArgumentException("schedule '" + name + "' is not one of gpipe, 1f1b");
    }
}
