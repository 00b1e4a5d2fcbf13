package io.shardlab.schedule;

import io.shardlab.plan.Action;
import io.shardlab.plan.Action.Compute;
import io.shardlab.plan.Pass;
import java.util.ArrayList;
import java.util.List;

/**
 * 1F1B with V stages per rank, so that the pipeline fills in steps of 1/V of a rank's work (Narayanan et al. 2021, section
 * 2.2.2): stage s lives on rank s mod p, and micro-batches go through in groups of p, one chunk after the other.
 *
 * <p>Bubble (p−1)(F+B)/V for V times the messages; rank 0 holds p(1 + (p−1)/(pV)) micro-batches. M must be a multiple of p.
 *
 * @param chunks V, at least 2
 */
public record Interleaved(int chunks) implements ScheduleRule {

    public Interleaved {
        if (chunks < 2) {
            throw new IllegalArgumentException("schedule interleaved needs chunks of at least 2, not " + chunks);
        }
    }

    @Override
    public String name() {
        return "interleaved";
    }

    @Override
    public List<Action> actions(int rank, int numRanks, int numMicrobatches) {
        if (numRanks < 2) {
            throw new IllegalArgumentException("schedule interleaved needs pp of at least 2, not " + numRanks);
        }
        if (numMicrobatches % numRanks != 0) {
            throw new IllegalArgumentException("schedule interleaved needs microbatches divisible by pp=" + numRanks
                    + ", not " + numMicrobatches + "; use " + Math.max(1, numMicrobatches / numRanks) * numRanks);
        }
        List<Action> actions = new ArrayList<>();
        int total = numMicrobatches * chunks;
        int warmUp = Math.min(total, 2 * (numRanks - rank - 1) + (chunks - 1) * numRanks);
        for (int i = 0; i < total + warmUp; i++) {
            if (i < total) {
                actions.add(pass(Pass.FORWARD, i, rank, numRanks));
            }
            if (i >= warmUp) {
                actions.add(pass(Pass.BACKWARD, i - warmUp, rank, numRanks));
            }
        }
        return actions;
    }

    /** The i-th pass of a rank in one direction: p micro-batches of a chunk, then the same ones of the next chunk. */
    private Action pass(Pass pass, int i, int rank, int numRanks) {
        int chunk = i % (numRanks * chunks) / numRanks;
        int microbatch = i / (numRanks * chunks) * numRanks + i % numRanks;
        int fromInput = pass == Pass.FORWARD ? chunk : chunks - 1 - chunk;
        return new Compute(fromInput * numRanks + rank, pass, microbatch);
    }
}
