package io.shardlab.run;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.shardlab.cell.CellProgram;
import io.shardlab.cell.RemoteValue;
import io.shardlab.cell.RemoteVariable;
import io.shardlab.model.BlockCode;
import io.shardlab.plan.Plan;
import io.shardlab.tensor.TensorShape;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a rank can be asked to do. Every rank of a job gets the same request. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "request")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Request.Warm.class, name = "warm"),
    @JsonSubTypes.Type(value = Request.Measure.class, name = "measure"),
    @JsonSubTypes.Type(value = Request.Describe.class, name = "describe"),
    @JsonSubTypes.Type(value = Request.Place.class, name = "place"),
    @JsonSubTypes.Type(value = Request.Clear.class, name = "clear"),
    @JsonSubTypes.Type(value = Request.Train.class, name = "train"),
    @JsonSubTypes.Type(value = Request.Infer.class, name = "infer"),
    @JsonSubTypes.Type(value = Request.Dump.class, name = "dump"),
    @JsonSubTypes.Type(value = Request.Save.class, name = "save"),
    @JsonSubTypes.Type(value = Request.Load.class, name = "load"),
    @JsonSubTypes.Type(value = Request.Probe.class, name = "probe"),
    @JsonSubTypes.Type(value = Request.Memory.class, name = "memory"),
    @JsonSubTypes.Type(value = Request.Traffic.class, name = "traffic"),
    @JsonSubTypes.Type(value = Request.Print.class, name = "print"),
    @JsonSubTypes.Type(value = Request.OpenCells.class, name = "open_cells"),
    @JsonSubTypes.Type(value = Request.Cell.class, name = "cell"),
    @JsonSubTypes.Type(value = Request.Variables.class, name = "variables"),
    @JsonSubTypes.Type(value = Request.Pull.class, name = "pull")
})
public sealed interface Request {

    /** Loads the engine and meets all other ranks at a barrier. */
    record Warm() implements Request {}

    /** Measures, all ranks at the same time, what estimates need: arithmetic rate, bandwidth, latency. */
    record Measure() implements Request {}

    /** Takes in a user's block; rank 0 also finds what it consists of, for samples of one shape. */
    record Describe(BlockCode code, TensorShape sample) implements Request {}

    /** Builds this rank's shard of the plan; weights from the safetensors folder, else from the plan's seed. */
    record Place(Plan plan, Optional<String> weights) implements Request {}

    /** Gives back what is placed and its memory; nothing is placed then. */
    record Clear() implements Request {}

    /**
     * Trains the placed weights by the steps {@code done} … {@code until - 1} of a run.
     *
     * @param plan the placed plan, possibly with another workload and schedule
     * @param settings of the whole run
     * @param tokens a file of little-endian 32-bit token ids, or a {@link SampleFile} for a user's block
     * @param firstStep the data position of the run's step 0
     */
    record Train(Plan plan, TrainSettings settings, String tokens, int firstStep, int done, int until)
            implements Request {

        /** A whole run. */
        public Train(Plan plan, TrainSettings settings, String tokens, int firstStep) {
            this(plan, settings, tokens, firstStep, 0, settings.steps());
        }
    }

    /** Continues the prompt greedily by {@code maxNew} tokens. */
    record Infer(List<Integer> prompt, int maxNew) implements Request {
        public Infer {
            prompt = List.copyOf(prompt);
        }
    }

    /** Writes this rank's placed weights to {@code folder/rank-R.safetensors}. */
    record Dump(String folder) implements Request {}

    /**
     * Writes this rank's parts of the placed weights, and of the optimizer state where there is one, into the files of
     * {@code folder} that {@link CheckpointFiles} lays out.
     */
    record Save(String folder, long maxFileBytes) implements Request {}

    /**
     * Replaces the placed weights and optimizer state by this rank's parts of a checkpoint. It cannot be stopped halfway.
     *
     * @param step optimizer steps done when it was saved; 0 for none, and then without optimizer state
     */
    record Load(String folder, long step) implements Request {}

    /**
     * Runs {@code settings.steps()} steps of a plan on its own copy of the weights in {@code weights} and writes what check
     * compares (outputs, gradients, parameters) to {@code folder/rank-R.safetensors}. Ranks outside the plan's mesh only wait.
     */
    record Probe(Plan plan, TrainSettings settings, String tokens, String weights, String folder) implements Request {}

    /** Asks for measured memory. */
    record Memory(boolean resetHighWater) implements Request {}

    /** Asks what the rank has sent to each other rank. */
    record Traffic(boolean reset) implements Request {}

    /** Prints lines to standard output, to try the way that output takes. */
    record Print(int lines) implements Request {}

    /** Begins with cells on every rank: opens their group and forgets those of an earlier beginning. */
    record OpenCells(CellProgram prelude) implements Request {}

    /**
     * Runs a cell on some ranks; the others learn its classes.
     *
     * @param pushed values that come with it
     * @param freshGroup whether the cells' group has to be opened anew, because a collective was left unfinished
     */
    record Cell(CellProgram program, List<Integer> ranks, Map<String, RemoteValue> pushed, boolean freshGroup)
            implements Request {
        public Cell {
            ranks = List.copyOf(ranks);
            pushed = Map.copyOf(pushed);
        }
    }

    /** Asks what each rank holds in its cells' variables. */
    record Variables(List<RemoteVariable.Field> fields) implements Request {
        public Variables {
            fields = List.copyOf(fields);
        }
    }

    /** Asks some ranks for the value of a variable. */
    record Pull(RemoteVariable.Field field, List<Integer> ranks) implements Request {
        public Pull {
            ranks = List.copyOf(ranks);
        }
    }
}
