package io.shardlab.plan;

import java.util.List;

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
}
