package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.weights.WeightSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Weights as DJL arrays. Each use of a parameter by a segment has a gradient of its own, so that those of a tied
 * parameter's uses are kept apart and always summed in the same order.
 */
final class DjlShard implements Shard {

    /**
     * A segment, ready to compute.
     *
     * @param weights one for each parameter
     * @param operands what the mathematics computes with: the same, some of them joined
     */
    record Layer(Segment segment, Mathematics mathematics, List<Weight> weights, List<Weight> operands) {
        List<NDArray> values() {
            return weights.stream().map(Weight::value).toList();
        }
    }

    private final NDManager manager;
    private final TensorType type;
    private final int tensorIndex;
    private final Constants constants;
    private final Optional<Blas> blas;
    private final UserBlocks blocks;
    /** Blocks that this shard computes with, by code. */
    private final Map<String, Block> built = new HashMap<>();

    private final Map<String, HeldParameter> held = new LinkedHashMap<>();
    private final Map<String, Layer> layers = new LinkedHashMap<>();
    private boolean backwardRan;
    private boolean usesCombined;

    DjlShard(
            NDManager parent,
            List<Stage> stages,
            int tensorIndex,
            TensorType type,
            WeightSource weights,
            Optional<Blas> blas,
            UserBlocks blocks) {
        this.blas = blas;
        manager = parent.newSubManager();
        manager.setName("shard");
        this.type = type;
        this.tensorIndex = tensorIndex;
        this.blocks = blocks;
        constants = new Constants(manager, type);
        try {
            for (Stage stage : stages) {
                for (Segment segment : stage.segments()) {
                    addLayer(segment, weights);
                }
            }
        } catch (RuntimeException | Error e) {
            manager.close();
            throw e;
        }
    }

    private void addLayer(Segment segment, WeightSource weights) {
        Mathematics mathematics = mathematics(segment);
        List<Weight> uses = new ArrayList<>();
        List<Weight> operands = new ArrayList<>();
        List<ParameterSpec> parameters = segment.parameters();
        int joined = mathematics.numJoined();
        if (joined > 1) {
            operands.add(join(parameters.subList(0, joined), weights, uses));
            parameters = parameters.subList(joined, parameters.size());
        }
        for (ParameterSpec parameter : parameters) {
            HeldParameter owner = held.get(parameter.name());
            if (owner == null) {
                owner = hold(parameter, load(parameter, weights));
            }
            Weight use = new Weight(manager, owner.storage());
            owner.addUse(use);
            uses.add(use);
            operands.add(use);
        }
        if (layers.put(segment.name(), new Layer(segment, mathematics, uses, operands)) != null) {
            throw new IllegalArgumentException("segment '" + segment.name() + "' is placed twice on one rank");
        }
    }

    /** Loads parameters that no other segment uses as rows of one matrix; adds the use of each. */
    private Weight join(List<ParameterSpec> parameters, WeightSource weights, List<Weight> uses) {
        long rows = 0;
        for (ParameterSpec parameter : parameters) {
            rows += parameter.localShape(tensorIndex).dim(0);
        }
        Shape shape = new Shape(rows, parameters.get(0).shape().dim(1));
        Weight whole = new Weight(manager, manager.create(shape, DjlTensor.dataType(type)));
        int row = 0;
        for (ParameterSpec parameter : parameters) {
            int count = Math.toIntExact(parameter.localShape(tensorIndex).dim(0));
            Weight part = whole.rows(row, count);
            weights.read(
                    parameter, WeightSource.Slice.of(parameter, tensorIndex), type, DjlTensor.storage(part.value()));
            hold(parameter, part.value()).addUse(part);
            uses.add(part);
            row += count;
        }
        return whole;
    }

    private HeldParameter hold(ParameterSpec parameter, NDArray storage) {
        HeldParameter owner = new HeldParameter(manager, parameter, storage);
        if (held.put(parameter.name(), owner) != null) {
            throw new IllegalArgumentException("parameter '" + parameter.name() + "' is used by two segments");
        }
        return owner;
    }

    private Mathematics mathematics(Segment segment) {
        return segment.kind() instanceof Segment.Block kind
                ? BlockMathematics.of(kind, built.computeIfAbsent(kind.code(), blocks::build), manager)
                : Mathematics.of(segment, constants, tensorIndex, blas);
    }

    private NDArray load(ParameterSpec parameter, WeightSource weights) {
        TensorShape local = parameter.localShape(tensorIndex);
        WeightSource.Slice slice = WeightSource.Slice.of(parameter, tensorIndex);
        if (manager.getDevice().isGpu()) {
            ByteBuffer staged = ByteBuffer.allocateDirect(Math.toIntExact(local.numElements() * type.bytes()))
                    .order(ByteOrder.nativeOrder());
            weights.read(parameter, slice, type, staged);
            return manager.create(staged.flip(), DjlTensor.shape(local), DjlTensor.dataType(type));
        }
        NDArray array = manager.create(DjlTensor.shape(local), DjlTensor.dataType(type));
        weights.read(parameter, slice, type, DjlTensor.storage(array));
        return array;
    }

    Layer layer(Segment segment) {
        Layer layer = layers.get(segment.name());
        if (layer == null) {
            throw new IllegalArgumentException("segment '" + segment.name() + "' is not placed on this rank");
        }
        return layer;
    }

    TensorType type() {
        return type;
    }

    void ranBackward() {
        backwardRan = true;
        usesCombined = false;
    }

    private HeldParameter held(String name) {
        HeldParameter found = held.get(name);
        if (found == null) {
            throw new IllegalArgumentException("parameter '" + name + "' is not held by this rank");
        }
        return found;
    }

    @Override
    public List<ParameterSpec> parameters() {
        return held.values().stream().map(HeldParameter::spec).toList();
    }

    @Override
    public Scope scope(boolean training) {
        return new DjlScope(
                this, manager.newSubManager(), training ? Optional.of(TrainingPass.PLAIN) : Optional.empty());
    }

    @Override
    public Scope scope(TrainingPass pass) {
        return new DjlScope(this, manager.newSubManager(), Optional.of(pass));
    }

    @Override
    public ByteBuffer weight(String name) {
        return DjlTensor.storage(held(name).storage());
    }

    @Override
    public ByteBuffer gradient(String name) {
        if (!backwardRan) {
            throw new IllegalStateException("no backward pass has run yet");
        }
        combineUses();
        return held(name).gradient();
    }

    /** Adds the gradients of later uses of a parameter to that of its first, once per step. */
    private void combineUses() {
        if (usesCombined) {
            return;
        }
        held.values().forEach(HeldParameter::combineUses);
        usesCombined = true;
    }

    @Override
    public ByteBuffer gradient(String segment, String parameter) {
        if (usesCombined) {
            throw new IllegalStateException("the uses of '" + parameter + "' are summed already");
        }
        Layer layer = layers.get(segment);
        List<ParameterSpec> used = layer == null ? List.of() : layer.segment.parameters();
        for (int i = 0; i < used.size(); i++) {
            if (layer != null && used.get(i).name().equals(parameter)) {
                return DjlTensor.storage(layer.weights.get(i).gradient());
            }
        }
        throw new IllegalArgumentException(
                "segment '" + segment + "' of this rank uses no parameter '" + parameter + "'");
    }

    @Override
    public double[] squaredGradients(String name) {
        HeldParameter parameter = held(name);
        return Norms.squares(type, HeldParameter.part(gradient(name), type, parameter.optimized()));
    }

    @Override
    public void splitOptimizer(Map<String, Extent> elements) {
        held.forEach((name, parameter) -> parameter.splitOptimizer(elements.getOrDefault(name, parameter.optimized())));
    }

    @Override
    public double squaredGradientNorm(String name, Extent elements) {
        double sum = 0;
        for (double block : Norms.squares(type, HeldParameter.part(gradient(name), type, elements))) {
            sum += block;
        }
        return sum;
    }

    @Override
    public void update(AdamW rule, double rate, long step, double gradientScale) {
        combineUses();
        for (HeldParameter parameter : held.values()) {
            parameter.update(
                    type, rule, rule.factors(rate, step, parameter.spec().decays(), gradientScale));
        }
        discardGradients();
    }

    @Override
    public List<MomentSlice> moments(String name) {
        return held(name).moments();
    }

    @Override
    public void zeroMoments() {
        held.values().forEach(HeldParameter::zeroMoments);
    }

    @Override
    public void dropMoments() {
        held.values().forEach(HeldParameter::dropMoments);
    }

    @Override
    public void discardGradients() {
        held.values().forEach(HeldParameter::discardGradients);
        usesCombined = false;
    }

    @Override
    public Map<MemoryCategory, Long> bytes() {
        long weights = 0;
        long gradients = 0;
        long optimizer = 0;
        for (HeldParameter parameter : held.values()) {
            weights += parameter.numBytes();
            gradients += backwardRan ? parameter.gradientBytes() : 0;
            optimizer += parameter.momentBytes();
        }
        Map<MemoryCategory, Long> bytes = new EnumMap<>(MemoryCategory.class);
        bytes.put(MemoryCategory.WEIGHTS, weights);
        bytes.put(MemoryCategory.GRADIENTS, gradients);
        bytes.put(MemoryCategory.OPTIMIZER, optimizer);
        return bytes;
    }

    @Override
    public int numArrays() {
        return manager.getManagedArrays().size();
    }

    @Override
    public void close() {
        manager.close();
    }
}
