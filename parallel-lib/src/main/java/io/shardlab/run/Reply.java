package io.shardlab.run;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.shardlab.cell.CellOutcome;
import io.shardlab.cell.RemoteValue;
import io.shardlab.cell.RemoteVariable;
import io.shardlab.model.BlockSpec;
import io.shardlab.trace.MemoryUse;
import io.shardlab.weights.TensorFiles;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How a request ended on one rank. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "reply")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Reply.Done.class, name = "done"),
    @JsonSubTypes.Type(value = Reply.Measured.class, name = "measured"),
    @JsonSubTypes.Type(value = Reply.Described.class, name = "described"),
    @JsonSubTypes.Type(value = Reply.Trained.class, name = "trained"),
    @JsonSubTypes.Type(value = Reply.Generated.class, name = "generated"),
    @JsonSubTypes.Type(value = Reply.Sent.class, name = "sent"),
    @JsonSubTypes.Type(value = Reply.Filed.class, name = "filed"),
    @JsonSubTypes.Type(value = Reply.CellRan.class, name = "cell"),
    @JsonSubTypes.Type(value = Reply.Held.class, name = "held"),
    @JsonSubTypes.Type(value = Reply.Pulled.class, name = "pulled"),
    @JsonSubTypes.Type(value = Reply.Cancelled.class, name = "cancelled"),
    @JsonSubTypes.Type(value = Reply.Failed.class, name = "failed")
})
public sealed interface Reply {

    /** It is done; {@code memory} is measured at the end. */
    record Done(MemoryUse memory) implements Reply {}

    /**
     * Rates of this rank.
     *
     * @param flopsPerSecond of a float32 matrix product
     * @param bytesPerSecond sent in a large all-reduce over all ranks; 0 for a single rank
     * @param latencyNanos of a small all-reduce over all ranks; 0 for a single rank
     */
    record Measured(double flopsPerSecond, double bytesPerSecond, long latencyNanos) implements Reply {}

    /**
     * A user's block, looked at; its units, or why it is refused. Ranks other than 0 have looked at nothing.
     */
    record Described(List<BlockSpec.Unit> units, Optional<String> refusal) implements Reply {
        public Described {
            units = List.copyOf(units);
        }
    }

    /**
     * Training is done.
     *
     * @param memory high-water marks of the run
     * @param traffic counted collectives and transfers of this rank: by {@code phase axis collective}, for instance {@code
     *     forward tp all_reduce}
     */
    record Trained(int stepsDone, MemoryUse memory, Map<String, Traffic> traffic) implements Reply {}

    /** Bytes a rank put on the data plane under one heading. */
    record Traffic(long count, long bytes) {}

    /** Bytes that a rank has sent since the last reset, by collective and receiver. */
    record Sent(Map<String, Map<Integer, Long>> bytesTo) implements Reply {}

    /** All generated tokens; none from a rank that the plan does not need. */
    record Generated(List<Integer> tokens, MemoryUse memory, GenerationTime time) implements Reply {}

    /**
     * Where the time of all generated tokens went on one rank; what is neither of the two parts is its arithmetic.
     *
     * @param communicationNanos in collectives of its stage and in sends
     * @param waitingNanos for what another stage or data rank was computing
     */
    record GenerationTime(long totalNanos, long communicationNanos, long waitingNanos) {

        /** Of a rank that did nothing. */
        public static final GenerationTime NONE = new GenerationTime(0, 0, 0);

        GenerationTime plus(long total, long communication, long waiting) {
            return new GenerationTime(totalNanos + total, communicationNanos + communication, waitingNanos + waiting);
        }
    }

    /**
     * This rank's parts of a checkpoint are on disk, or in its memory.
     *
     * @param step optimizer steps done; -1 from a rank that the plan does not need
     * @param files what it wrote or read, by file name relative to the folder
     */
    record Filed(long step, List<TensorFiles.FileTime> files) implements Reply {
        public Filed {
            files = List.copyOf(files);
        }
    }

    /** A cell has ended, well or not: a cell's exception is no failure of the rank. */
    record CellRan(CellOutcome outcome) implements Reply {

        /** Whether it ended with an exception, so that others may wait for this rank in vain. */
        public boolean failed() {
            return outcome.failure().isPresent();
        }
    }

    /** The cells' variables as this rank has them. */
    record Held(List<RemoteVariable> variables) implements Reply {
        public Held {
            variables = List.copyOf(variables);
        }
    }

    /** A variable's value, or why there is none; neither from a rank that was not asked. */
    record Pulled(Optional<RemoteValue> value, Optional<String> problem) implements Reply {}

    /** The user interrupted; weights are those after {@code stepsDone} whole steps. */
    record Cancelled(int stepsDone) implements Reply {}

    /**
     * An exception ended it.
     *
     * @param type simple name of the exception
     * @param where what the rank was doing, for instance {@code forward, step 7}; empty if nothing that has a name
     * @param consequence whether it only follows from another rank's failure
     */
    record Failed(String type, String where, String message, List<String> stack, boolean consequence)
            implements Reply {}
}
