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
import io.shardlab.tensor.Addition;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import io.shardlab.transport.Purpose;
import io.shardlab.transport.Transport;
import io.shardlab.weights.WeightSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    private final Communicator replicas;
    /** Per parameter that several pipeline ranks of this column hold: the group of its holders. */
    private final Map<String, Communicator> tied = new LinkedHashMap<>();

    private final PartialGradients partialGradients;
    private final List<StageProgram> programs = new ArrayList<>();
    private final Optional<GradientSum> gradientSum;
    private final Optional<SplitOptimizer> splitOptimizer;
    private final Map<String, Integer> normCounters;
    private long optimizerSteps;

    PlacedPlan(
            Plan plan,
            int rank,
            Engine engine,
            Transport transport,
            WeightSource weights,
            Recorder recorder,
            StopSignal stop) {
        this.plan = plan;
        this.rank = rank;
        Mesh shape = plan.mesh();
        at = shape.coordinates(rank);
        normCounters = normCounters(plan);
        List<Stage> stages = plan.stagesOf(at.pipeline());
        shard = engine.place(stages, at.tensor(), plan.type(), weights);
        Group column = shape.group(Axis.PIPELINE, rank);
        Groups groups = new Groups(transport, engine.addition(), recorder);
        try {
            mesh = groups.open(
                    new Group("mesh", IntStream.range(0, shape.size()).boxed().toList()), Purpose.CONTROL, "mesh");
            tensor = groups.open(shape.group(Axis.TENSOR, rank), Purpose.COLLECTIVES, Axis.TENSOR.shortName());
            pipeline = groups.open(column, Purpose.MESSAGES, Axis.PIPELINE.shortName());
            replicas = groups.open(shape.group(Axis.DATA, rank), Purpose.COLLECTIVES, Axis.DATA.shortName());
        } catch (RuntimeException | Error e) {
            shard.close();
            throw e;
        }
        partialGradients = new PartialGradients(shard, tensor, plan.type());
        for (ParameterSpec parameter : plan.parameters()) {
            List<Integer> holders = plan.holders(parameter.name());
            if (holders.size() > 1 && holders.contains(at.pipeline())) {
                List<Integer> ranks = holders.stream()
                        .map(holder -> column.ranks().get(holder))
                        .toList();
                Group group = new Group("tied " + parameter.name() + " " + column.name(), ranks);
                tied.put(parameter.name(), groups.open(group, Purpose.CONTROL, Axis.PIPELINE.shortName()));
            }
        }
        for (Stage stage : stages) {
            programs.add(new StageProgram(stage, tensor, recorder, stop));
        }
        boolean sums = shape.data() > 1;
        gradientSum = sums ? Optional.of(new GradientSum(this, replicas)) : Optional.empty();
        splitOptimizer =
                sums && plan.splitsOptimizer() ? Optional.of(new SplitOptimizer(this, replicas)) : Optional.empty();
    }

    /** Opens groups whose traffic is counted. */
    private record Groups(Transport transport, Optional<Addition> addition, Recorder recorder) {

        Communicator open(Group group, Purpose purpose, String axis) {
            try {
                return new CountedCommunicator(
                        Communicator.open(transport, group, purpose, addition), axis, recorder.traffic());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
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

    Communicator tensor() {
        return tensor;
    }

    Communicator pipeline() {
        return pipeline;
    }

    /** Sums gradients over the data axis, where there is one. */
    Optional<GradientSum> gradientSum() {
        return gradientSum;
    }

    /** Where the optimizer is split over the data axis: this rank's part. */
    Optional<SplitOptimizer> splitOptimizer() {
        return splitOptimizer;
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

    PartialGradients partialGradients() {
        return partialGradients;
    }

    /** What of a parameter's local gradient counts in the global norm here: what several ranks hold counts once. */
    Extent countedInNorm(ParameterSpec parameter) {
        if (at.data() != normCounters.getOrDefault(parameter.name(), 0)
                || plan.holders(parameter.name()).get(0) != at.pipeline()) {
            return new Extent(0, 0);
        }
        long length = parameter.localShape(at.tensor()).numElements();
        if (!(parameter.placement() instanceof Placement.Split split)) {
            return new Extent(0, at.tensor() == 0 ? length : 0);
        }
        if (!split.overlaps()) {
            return new Extent(0, length);
        }
        long inner = parameter.shape().numElements() / parameter.shape().dim(0);
        Extent owned = split.owned(at.tensor());
        long before = owned.start() - split.extents().get(at.tensor()).start();
        return new Extent(before * inner, owned.length() * inner);
    }

    /** Which data rank counts each parameter in the norm: they have the same gradients and share the work. */
    private static Map<String, Integer> normCounters(Plan plan) {
        long[] elements = new long[plan.mesh().data()];
        Map<String, Integer> counters = new HashMap<>();
        for (ParameterSpec parameter : plan.parameters()) {
            int least = 0;
            for (int rank = 1; rank < elements.length; rank++) {
                least = elements[rank] < elements[least] ? rank : least;
            }
            elements[least] += parameter.shape().numElements();
            counters.put(parameter.name(), least);
        }
        return counters;
    }

    /** Whether this rank's sum of losses counts: those of the last stage's first tensor ranks, one for each data rank. */
    boolean countsLoss() {
        return at.pipeline() == plan.mesh().pipeline() - 1 && at.tensor() == 0;
    }

    long optimizerSteps() {
        return optimizerSteps;
    }

    /** Goes on as if so many optimizer steps had been done here. */
    void resumeAfter(long steps) {
        optimizerSteps = steps;
    }

    long nextOptimizerStep() {
        return ++optimizerSteps;
    }

    /** Bytes of shared memory that this rank reserved for its groups, and of the buffers of its gradient sums. */
    long communicationBytes() {
        long bytes = mesh.bytesReserved() + tensor.bytesReserved() + pipeline.bytesReserved();
        for (Communicator group : tied.values()) {
            bytes += group.bytesReserved();
        }
        bytes += replicas.bytesReserved();
        bytes += gradientSum.map(GradientSum::bytesReserved).orElse(0L);
        bytes += splitOptimizer.map(SplitOptimizer::bytesReserved).orElse(0L);
        return bytes;
    }

    /** Ends the collectives that this rank has started and not awaited, before their buffers are freed. */
    void abandonCalls() {
        mesh.abandon();
        tensor.abandon();
        pipeline.abandon();
        tied.values().forEach(Communicator::abandon);
        replicas.abandon();
        gradientSum.ifPresent(GradientSum::forget);
    }

    /** Forgets what ranks had begun with each other when they were stopped; the mesh group is not touched. */
    void resetGroups() {
        tensor.reset();
        pipeline.reset();
        replicas.reset();
        tied.values().forEach(Communicator::reset);
        mesh.barrier();
    }

    @Override
    public void close() {
        shard.close();
        tied.values().forEach(Communicator::close);
        replicas.close();
        pipeline.close();
        tensor.close();
        mesh.close();
    }
}
