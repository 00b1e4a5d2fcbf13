package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import io.shardlab.model.BlockSpec;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * Finds out what a user's block consists of by running its children one after the other on random samples, and refuses what
 * no layout could compute as a single device does: results that change from call to call, that depend on other samples of the
 * batch, or that are kept from step to step.
 */
final class BlockDescription {

    private static final int BATCH = 16;
    private static final int TIMES = 5;
    private static final double CLOSE = 1e-3;

    private final NDManager manager;
    private final Block root;
    private final double flopsPerSecond;
    private final Map<Parameter, String> names = new IdentityHashMap<>();

    /** What is found of one child. */
    private record Child(
            int index,
            String label,
            TensorShape input,
            TensorShape output,
            List<ParameterSpec> parameters,
            boolean linear,
            boolean elementwise,
            double flops) {}

    /**
     * @param manager closed by the caller; holds everything made here
     * @param flopsPerSecond of matrix products, in which times are told
     */
    BlockDescription(NDManager manager, Block root, double flopsPerSecond) {
        this.manager = manager;
        this.root = root;
        this.flopsPerSecond = flopsPerSecond;
    }

    /** The block's units; {@link IllegalArgumentException} names the child that cannot be trained here, and why. */
    List<BlockSpec.Unit> units(TensorShape sample) {
        List<Block> children = UserBlocks.children(root);
        List<Child> found = new ArrayList<>();
        NDArray value = manager.randomUniform(0f, 1f, DjlTensor.shape(sample.prepend(BATCH)));
        boolean anyParameters = false;
        for (int i = 0; i < children.size(); i++) {
            Block child = children.get(i);
            String label = UserBlocks.label(child);
            try {
                child.initialize(manager, DataType.FLOAT32, value.getShape());
                refuseFrozen(child);
                nameParameters();
                anyParameters |= !child.getParameters().isEmpty();
                NDArray output = run(child, value);
                refuseWhatDependsOnTheBatch(child, value, output);
                if (anyParameters) {
                    refuseJavaNumbers(child, value);
                }
                found.add(describe(i, child, value, output));
                value = output;
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("child " + i + " (" + label + "): " + e.getMessage(), e);
            } catch (RuntimeException e) {
                throw new IllegalArgumentException(
                        "child " + i + " (" + label + ") on " + shapeOf(value) + ": " + UserBlocks.told(e), e);
            }
        }
        return group(found);
    }

    private static TensorShape shapeOf(NDArray batch) {
        return TensorShape.of(batch.getShape().slice(1).getShape());
    }

    /** Names as DJL gives them; a parameter shared by several children has the name of its first use. */
    private void nameParameters() {
        root.getParameters().forEach(pair -> names.putIfAbsent(pair.getValue(), pair.getKey()));
    }

    private static void refuseFrozen(Block child) {
        List<String> frozen = child.getParameters().stream()
                .filter(pair -> !pair.getValue().requiresGradient())
                .map(pair -> pair.getValue().getName())
                .toList();
        if (!frozen.isEmpty()) {
            throw new IllegalArgumentException("keeps " + String.join(", ", frozen)
                    + " outside the gradient: statistics over a batch differ from layout to layout; use LayerNorm or GroupNorm"
                    + " instead of BatchNorm, and no frozen parameters");
        }
    }

    private NDArray run(Block child, NDArray input) {
        BlockMathematics.Bound own = new BlockMathematics.Bound(manager);
        child.getParameters().values().forEach(parameter -> own.bind(parameter, parameter.getArray()));
        NDList outputs = child.forward(own, new NDList(input), true);
        if (outputs.size() != 1) {
            throw new IllegalArgumentException("gives " + outputs.size() + " arrays; one can be passed on");
        }
        return outputs.get(0);
    }

    private void refuseWhatDependsOnTheBatch(Block child, NDArray input, NDArray output) {
        Shape shape = output.getShape();
        if (shape.dimension() < 1 || shape.get(0) != BATCH || output.getDataType() != DataType.FLOAT32) {
            throw new IllegalArgumentException("gives " + output.getDataType() + " " + shape + " for a batch of "
                    + BATCH + "; expected float32 with the samples along the first dimension");
        }
        if (!run(child, input).contentEquals(output)) {
            throw new IllegalArgumentException("gives other results when it runs again (Dropout?); what is random would"
                    + " differ from layout to layout, so it is not there yet");
        }
        NDIndex half = new NDIndex(":" + BATCH / 2);
        if (!close(run(child, input.get(half)), output.get(half))) {
            throw new IllegalArgumentException(
                    "mixes the samples of a batch, so micro-batches would change its results");
        }
    }

    private static boolean close(NDArray a, NDArray b) {
        return a.getShape().equals(b.getShape()) && a.allClose(b, CLOSE, CLOSE, true);
    }

    /**
     * DJL puts an operand given as a Java number into a Java buffer, which the garbage collector may free before the backward
     * pass reads it. Each such operand takes a new direct buffer.
     */
    private void refuseJavaNumbers(Block child, NDArray input) {
        long fewest = Long.MAX_VALUE;
        for (int i = 0; i < TIMES; i++) {
            long before = directBuffers();
            run(child, input);
            fewest = Math.min(fewest, directBuffers() - before);
        }
        if (fewest > 0) {
            throw new IllegalArgumentException(
                    "computes with Java numbers (such as x.mul(0.5)) or makes arrays from them, whose"
                            + " memory DJL may lose before the backward pass; scale the samples before the first parameter, or use a"
                            + " Parameter");
        }
    }

    private static long directBuffers() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getCount)
                .sum();
    }

    private Child describe(int index, Block child, NDArray input, NDArray output) {
        long fastest = Long.MAX_VALUE;
        for (int i = 0; i < TIMES; i++) {
            long start = System.nanoTime();
            run(child, input);
            fastest = Math.min(fastest, System.nanoTime() - start);
        }
        List<ParameterSpec> parameters =
                UserBlocks.parameters(List.of(child)).stream().map(this::spec).toList();
        return new Child(
                index,
                label(child, parameters),
                shapeOf(input),
                shapeOf(output),
                parameters,
                child.getClass() == Linear.class,
                parameters.isEmpty() && isElementwise(child, input, output),
                fastest / 1e9 * flopsPerSecond / BATCH);
    }

    private static String label(Block child, List<ParameterSpec> parameters) {
        String label = UserBlocks.label(child);
        return child.getClass() == Linear.class
                ? label + " " + parameters.get(0).shape().dim(1) + "→"
                        + parameters.get(0).shape().dim(0)
                : label;
    }

    /** Initial weights: normal with deviation √(2 / fan-in) (He et al. 2015), norms' factors one, all others zero. */
    private ParameterSpec spec(Parameter parameter) {
        TensorShape shape = TensorShape.of(parameter.getShape().getShape());
        String name = names.getOrDefault(parameter, parameter.getName());
        boolean matrix = shape.rank() >= 2;
        double fanIn = matrix ? (double) shape.numElements() / shape.dim(0) : 1;
        double mean = parameter.getType() == Parameter.Type.GAMMA ? 1 : 0;
        return new ParameterSpec(name, shape, Placement.replicated(), matrix ? Math.sqrt(2 / fanIn) : 0, mean);
    }

    /** Whether parts of the last dimension give the same parts of the result: what an activation does and softmax does not. */
    private boolean isElementwise(Block child, NDArray input, NDArray output) {
        if (!input.getShape().equals(output.getShape()) || input.getShape().dimension() < 2) {
            return false;
        }
        long width = input.getShape().get(input.getShape().dimension() - 1);
        try {
            for (String part : List.of(":" + (width + 1) / 2, width / 2 + ":")) {
                NDIndex index = new NDIndex("..., " + part);
                if (!close(run(child, input.get(index)), output.get(index))) {
                    return false;
                }
            }
            return true;
        } catch (RuntimeException dependsOnTheShape) {
            return false;
        }
    }

    /** A unit begins at each child with parameters; what comes before the first of them belongs to it. */
    private static List<BlockSpec.Unit> group(List<Child> children) {
        List<List<Child>> groups = new ArrayList<>();
        for (Child child : children) {
            boolean begins = !child.parameters().isEmpty()
                    && (groups.isEmpty()
                            || groups.get(groups.size() - 1).stream()
                                    .anyMatch(other -> !other.parameters().isEmpty()));
            if (begins || groups.isEmpty()) {
                groups.add(new ArrayList<>());
            }
            groups.get(groups.size() - 1).add(child);
        }
        if (children.stream().allMatch(child -> child.parameters().isEmpty())) {
            throw new IllegalArgumentException("the block has no parameters to train");
        }
        return groups.stream().map(BlockDescription::unit).toList();
    }

    private static BlockSpec.Unit unit(List<Child> children) {
        Child first = children.get(0);
        Child last = children.get(children.size() - 1);
        int holder = 0;
        while (children.get(holder).parameters().isEmpty()) {
            holder++;
        }
        Child holding = children.get(holder);
        long saved = children.stream()
                .limit(children.size() - 1)
                .mapToLong(child -> child.output().numElements())
                .sum();
        return new BlockSpec.Unit(
                first.index(),
                last.index() + 1,
                children.stream().map(Child::label).collect(Collectors.joining(", ")),
                first.input(),
                last.output(),
                holding.parameters(),
                holding.linear() ? OptionalInt.of(holding.index()) : OptionalInt.empty(),
                children.stream().skip(holder + 1).allMatch(Child::elementwise),
                children.stream().mapToDouble(Child::flops).sum(),
                saved);
    }
}
