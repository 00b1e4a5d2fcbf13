package io.shardlab.schedule;

import io.shardlab.plan.Action;
import java.util.List;

/**
 * 1F1B with its warm-up doubled, for slow links: rank i starts with 2(p−i)−1 forwards, so a message may be on its way for as
 * long as a pass takes before anyone waits for it (Zhuang et al. 2023).
 *
 * <p>Bubble (p−1)(F+B) as that of 1F1B, and messages of latency c add only 2c(p−1), as with GPipe; rank i holds
 * min(M, 2(p−i)−1) micro-batches.
 */
public record EagerOneForwardOneBackward() implements ScheduleRule {

    @Override
    public String name() {
        return "1f1b-eager";
    }

    @Override
    public List<Action> actions(int rank, int numRanks, int numMicrobatches) {
        return OneForwardOneBackward.alternating(rank, 2 * (numRanks - rank) - 1, numMicrobatches);
    }
}
