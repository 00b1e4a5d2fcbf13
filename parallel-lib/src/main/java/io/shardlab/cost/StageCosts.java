package io.shardlab.cost;

import io.shardlab.plan.Action;
import io.shardlab.plan.Replay;
import java.util.Collections;
import java.util.List;

/**
 * What each stage's passes and messages cost for one micro-batch.
 *
 * @param passes per stage
 * @param transferNanos from the send of a stage's output or gradient to its arrival
 * @param reduceNanos of a stage's gradient sum over the data axis
 * @param messageBytes of a stage's output or gradient
 */
public record StageCosts(List<PassNanos> passes, long transferNanos, long reduceNanos, long messageBytes)
        implements Replay.Costs {

    /** The passes of one stage; backward is input and weight together. */
    public record PassNanos(long forward, long backwardInput, long backwardWeight) {

        public PassNanos {
            if (forward < 0 || backwardInput < 0 || backwardWeight < 0) {
                throw new IllegalArgumentException("pass times " + forward + ", " + backwardInput + ", "
                        + backwardWeight + " must not be negative");
            }
        }

        /** A backward that splits into halves. */
        public static PassNanos of(long forward, long backward) {
            return new PassNanos(forward, backward / 2, backward - backward / 2);
        }

        public long backward() {
            return backwardInput + backwardWeight;
        }
    }

    public StageCosts {
        passes = List.copyOf(passes);
        if (transferNanos < 0 || reduceNanos < 0) {
            throw new IllegalArgumentException(
                    "transfer " + transferNanos + " and reduce " + reduceNanos + " must be ≥ 0");
        }
    }

    /** Equal stages, free messages. */
    public static StageCosts equal(int numStages, long forward, long backward) {
        return of(Collections.nCopies(numStages, PassNanos.of(forward, backward)), 0);
    }

    /** The given stages; every message takes {@code transferNanos}. */
    public static StageCosts of(List<PassNanos> passes, long transferNanos) {
        return new StageCosts(passes, transferNanos, 0, 0);
    }

    @Override
    public long compute(Action.Compute action) {
        PassNanos stage = passes.get(action.stage());
        return switch (action.pass()) {
            case FORWARD -> stage.forward();
            case BACKWARD -> stage.backward();
            case BACKWARD_INPUT -> stage.backwardInput();
            case BACKWARD_WEIGHT -> stage.backwardWeight();
        };
    }

    @Override
    public long transfer(Action.Send action) {
        return transferNanos;
    }

    @Override
    public long reduce(Action.ReduceGradients action) {
        return reduceNanos;
    }
}
