package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.engine.Engine;
import io.shardlab.engine.Shard;
import io.shardlab.mesh.Axis;
import io.shardlab.mesh.Coordinates;
import io.shardlab.mesh.Group;
import io.shardlab.mesh.Mesh;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Stage;
import io.shardlab.transport.Transport;
import io.shardlab.weights.WeightSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** One rank's part of a plan, ready to run: its shard of the weights and its lines to the other ranks. */
final class PlacedPlan implements AutoCloseable {

    private final Plan plan;
    private final int rank;
    private final Coordinates at;
    private final Shard shard;
    private final Communicator mesh;
    private final Communicator tensor;
    private final Communicator pipeline;
    /** Per parameter that several pipeline ranks of this column hold: the group of its holders. */
    private final Map<String, Communicator> tied = new LinkedHashMap<>();

    private final List<StageProgram> programs = new ArrayList<>();
    private long optimizerSteps;

    PlacedPlan(
            Plan plan,
            int rank,
            Engine engine,
            Transport transport,
            WeightSource weights,
            boolean trainable,
            Recorder recorder,
            StopSignal stop) {
        this.plan = plan;
        this.rank = rank;
        Mesh shape = plan.mesh();
        at = shape.coordinates(rank);
        List<Stage> stages = plan.stagesOf(at.pipeline());
        shard = engine.place(stages, at.tensor(), plan.type(), weights, trainable);
        Group column = shape.group(Axis.PIPELINE, rank);
        try {
            mesh = open(
                    transport,
                    new Group("mesh", IntStream.range(0, shape.size()).boxed().toList()));
            tensor = open(transport, shape.group(Axis.TENSOR, rank));
            pipeline = open(transport, column);
        } catch (RuntimeException | Error e) {
            shard.close();
            throw e;
        }
        for (ParameterSpec parameter : plan.parameters()) {
            List<Integer> holders = plan.holders(parameter.name());
            if (holders.size() > 1 && holders.contains(at.pipeline())) {
                List<Integer> ranks = holders.stream()
                        .map(holder -> column.ranks().get(holder))
                        .toList();
                Group group = new Group("tied " + parameter.name() + " " + column.name(), ranks);
                tied.put(parameter.name(), open(transport, group));
            }
        }
        for (Stage stage : stages) {
            programs.add(new StageProgram(stage, tensor, recorder, stop));
        }
    }

    private static Communicator open(Transport transport, Group group) {
        try {
            return Communicator.open(transport, group);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Plan plan() {
        return plan;
    }

    int rank() {
        return rank;
    }

    Coordinates at() {
        return at;
    }

    Shard shard() {
        return shard;
    }

    Communicator mesh() {
        return mesh;
    }

    Communicator pipeline() {
        return pipeline;
    }

    Map<String, Communicator> tied() {
        return tied;
    }

    StageProgram program(int stage) {
        for (StageProgram program : programs) {
            if (program.stage().index() == stage) {
                return program;
            }
        }
        throw new IllegalArgumentException("stage " + stage + " is not placed on rank " + rank);
    }

    List<StageProgram> programs() {
        return programs;
    }

    /** Whether this rank's gradient of a parameter counts in the global norm: replicated and tied ones count once. */
    boolean countsInNorm(ParameterSpec parameter) {
        boolean split = parameter.placement() instanceof io.shardlab.tensor.Placement.Split;
        return plan.holders(parameter.name()).get(0) == at.pipeline() && (split || at.tensor() == 0);
    }

    boolean holds(ParameterSpec parameter) {
        return plan.holders(parameter.name()).contains(at.pipeline());
    }

    /** Whether this rank's sum of losses counts: that of the last stage's first tensor rank. */
    boolean countsLoss() {
        return at.pipeline() == plan.mesh().pipeline() - 1 && at.tensor() == 0;
    }

    long nextOptimizerStep() {
        return ++optimizerSteps;
    }

    /** Shared memory this rank reserved for its groups. */
    long communicationBytes() {
        long bytes = mesh.bytesReserved() + tensor.bytesReserved() + pipeline.bytesReserved();
        for (Communicator group : tied.values()) {
            bytes += group.bytesReserved();
        }
        return bytes;
    }

    /** Ends the collectives that this rank has started and not awaited, before their buffers are freed. */
    void abandonCalls() {
        mesh.abandon();
        tensor.abandon();
        pipeline.abandon();
        tied.values().forEach(Communicator::abandon);
    }

    /** Forgets what ranks had begun with each other when they were stopped; the mesh group is not touched. */
    void resetGroups() {
        tensor.reset();
        pipeline.reset();
        tied.values().forEach(Communicator::reset);
        mesh.barrier();
    }

    @Override
    public void close() {
        shard.close();
        tied.values().forEach(Communicator::close);
        pipeline.close();
        tensor.close();
        mesh.close();
    }
}
