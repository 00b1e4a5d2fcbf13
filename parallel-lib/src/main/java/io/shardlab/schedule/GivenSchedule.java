package io.shardlab.schedule;

import io.shardlab.plan.Action;
import io.shardlab.plan.Schedule;
import java.util.List;

/**
 * A schedule that somebody wrote as text, for one number of ranks, chunks and micro-batches.
 *
 * @param written with or without transfers
 */
public record GivenSchedule(Schedule written) implements ScheduleRule {

    public GivenSchedule {
        if (written.numStages() < 1 || written.numStages() % written.numRanks() != 0) {
            throw new IllegalArgumentException("schedule " + written.name() + ": " + written.numStages()
                    + " stages do not spread evenly over " + written.numRanks() + " ranks");
        }
        if (written.numStages() > 1 && written.numRanks() == 1) {
            throw new IllegalArgumentException("schedule " + written.name() + ": " + written.numStages()
                    + " stages on one rank need no pipeline; write a line per rank");
        }
    }

    @Override
    public String name() {
        return written.name();
    }

    @Override
    public int chunks() {
        return written.numStages() / written.numRanks();
    }

    @Override
    public List<Action> actions(int rank, int numRanks, int numMicrobatches) {
        if (numRanks != written.numRanks() || numMicrobatches != written.numMicrobatches()) {
            throw new IllegalArgumentException("schedule " + name() + " was made for pp=" + written.numRanks()
                    + " and microbatches=" + written.numMicrobatches() + ", not pp=" + numRanks + " and microbatches="
                    + numMicrobatches);
        }
        return written.actions().get(rank);
    }
}
