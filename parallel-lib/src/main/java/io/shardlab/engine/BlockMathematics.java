package io.shardlab.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import io.shardlab.plan.Segment;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Children of a user's block, computed by DJL's own {@code forward} on the shard's weights: the parameter store that children
 * ask for their parameters gives out ours, whole or cut, so that a {@code Linear} works on the columns this rank holds.
 */
final class BlockMathematics implements Mathematics {

    private final List<Block> children;
    private final List<Parameter> parameters;
    private final boolean inputGradient;
    private final Bound bound;

    /** Gives children the arrays that are bound to their parameters. */
    static final class Bound extends ParameterStore {
        private final Map<Parameter, NDArray> arrays = new IdentityHashMap<>();

        Bound(NDManager manager) {
            super(manager, false);
        }

        void bind(Parameter parameter, NDArray array) {
            arrays.put(parameter, array);
        }

        @Override
        @SuppressWarnings("NullAway") // DJL asks for parameters that a block has not, and takes null for an answer.
        public NDArray getValue(@Nullable Parameter parameter, Device device, boolean training) {
            if (parameter == null) {
                return null;
            }
            NDArray array = arrays.get(parameter);
            if (array == null) {
                throw new IllegalStateException("parameter '" + parameter.getName() + "' was made after the block was");
            }
            return array;
        }
    }

    private BlockMathematics(List<Block> children, List<Parameter> parameters, boolean inputGradient, Bound bound) {
        this.children = children;
        this.parameters = parameters;
        this.inputGradient = inputGradient;
        this.bound = bound;
    }

    static BlockMathematics of(Segment.Block kind, Block block, NDManager manager) {
        List<Block> children = UserBlocks.children(block).subList(kind.first(), kind.end());
        // Children must have been initialised once; the arrays this makes are never read.
        try (NDManager temporary = manager.newSubManager()) {
            Shape[] shapes = {DjlTensor.shape(kind.input().prepend(1))};
            for (Block child : children) {
                child.getParameters().values().forEach(parameter -> parameter.setInitializer(Initializer.ZEROS));
                child.initialize(temporary, DataType.FLOAT32, shapes);
                shapes = child.getOutputShapes(shapes);
            }
        }
        return new BlockMathematics(
                children, UserBlocks.parameters(children), kind.inputGradient(), new Bound(manager));
    }

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        for (int i = 0; i < weights.size(); i++) {
            bound.bind(parameters.get(i), weights.get(i));
        }
        NDList values = new NDList(inputs.get(0));
        for (Block child : children) {
            values = child.forward(bound, values, true);
        }
        NDArray output = values.singletonOrThrow();
        // One array of its own in row-major order, whatever the last child gave: its input, or a transposed view.
        return output.flatten().reshape(output.getShape());
    }

    @Override
    public boolean differentiable(int input) {
        return inputGradient;
    }
}
