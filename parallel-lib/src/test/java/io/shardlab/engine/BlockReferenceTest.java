package io.shardlab.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.loss.Loss;
import io.shardlab.cluster.BlockCompiler;
import io.shardlab.mesh.Device;
import io.shardlab.model.BlockCode;
import io.shardlab.model.BlockSpec;
import io.shardlab.model.Planner;
import io.shardlab.plan.LossFunction;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.SeededWeights;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A user's block in segments computes what DJL computes of the whole block: its loss and every gradient. */
final class BlockReferenceTest {

    private static final int BATCH = 4;
    private static final TensorShape SAMPLE = TensorShape.of(1, 6, 6);
    private static final int[] LABELS = {2, 0, 1, 2};
    private static final String BODY =
            """
            return new SequentialBlock()
                    .add(Conv2d.builder().setKernelShape(new Shape(3, 3)).setFilters(2).build())
                    .add(Activation.reluBlock())
                    .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                    .add(Blocks.batchFlattenBlock())
                    .add(LayerNorm.builder().build())
                    .add(Linear.builder().setUnits(3).build());
            """;

    @ParameterizedTest
    @EnumSource(LossFunction.class)
    void lossAndGradientsAreThoseOfTheWholeBlock(LossFunction function) {
        try (Engine engine = Engine.djl(Device.cpu(0), 1)) {
            BlockCode code = BlockCompiler.compile(BODY);
            engine.define(code);
            BlockSpec spec = new BlockSpec("cnn", code, function, engine.describe(code.id(), SAMPLE));
            Plan plan = spec.plan(
                    Scheme.SINGLE, new Planner.Settings(TensorType.FLOAT64, new Plan.Workload(BATCH, 1, 1), "1f1b", 5));
            try (Shard shard = engine.place(plan.stages(), 0, TensorType.FLOAT64, new SeededWeights(5))) {
                double loss = inSegments(shard, plan.stages().get(0));
                whole(code, function, shard, loss);
            }
        }
    }

    private static double pixel(int index) {
        return (index * 29 % 101) / 101.0;
    }

    /** Our way: the sum of the losses, gradients left in the shard. */
    private static double inSegments(Shard shard, Stage stage) {
        try (Scope scope = shard.scope(true)) {
            Map<String, Tensor> values = new HashMap<>();
            Tensor samples = scope.allocate(SAMPLE.prepend(BATCH));
            ByteBuffer bytes = samples.bytes();
            for (int i = 0; i < BATCH * SAMPLE.numElements(); i++) {
                bytes.putDouble(pixel(i));
            }
            samples.written();
            values.put(Stage.TOKENS, samples);
            values.put(Stage.TARGETS, scope.tokens(LABELS, TensorShape.of(BATCH)));
            Tensor last = samples;
            for (Step step : stage.steps()) {
                Step.Local local = (Step.Local) step;
                last = scope.forward(
                        local.segment(),
                        local.inputs().stream().map(values::get).toList());
                values.put(local.output(), last);
            }
            double loss = last.scalar();
            Tensor gradient = scope.scalar(1);
            for (int i = stage.steps().size() - 1; i >= 0; i--) {
                var found = scope.backward(((Step.Local) stage.steps().get(i)).segment(), gradient);
                gradient = found.get(0).orElse(gradient);
            }
            return loss;
        }
    }

    /** DJL's way: the whole block at once, DJL's own loss, which is a mean. */
    private static void whole(BlockCode code, LossFunction function, Shard shard, double loss) {
        UserBlocks blocks = new UserBlocks();
        blocks.define(code);
        Block block = blocks.build(code.id());
        try (NDManager manager = NDManager.newBaseManager(ai.djl.Device.cpu(), "PyTorch")) {
            block.initialize(manager, DataType.FLOAT64, DjlTensor.shape(SAMPLE.prepend(BATCH)));
            BlockMathematics.Bound bound = new BlockMathematics.Bound(manager);
            Map<String, NDArray> leaves = new HashMap<>();
            block.getParameters().forEach(pair -> {
                Parameter parameter = pair.getValue();
                NDArray leaf = manager.create(parameter.getShape(), DataType.FLOAT64);
                DjlTensor.storage(leaf).put(shard.weight(pair.getKey()));
                leaf.setRequiresGradient(true);
                leaves.put(pair.getKey(), leaf);
                bound.bind(parameter, leaf);
            });
            double[] pixels = new double[BATCH * Math.toIntExact(SAMPLE.numElements())];
            Arrays.setAll(pixels, BlockReferenceTest::pixel);
            NDArray input = manager.create(pixels, DjlTensor.shape(SAMPLE.prepend(BATCH)));
            NDArray labels = manager.create(LABELS, new Shape(BATCH));
            NDArray targets = function == LossFunction.L2 ? labels.oneHot(3, DataType.FLOAT64) : labels;
            Loss djl = function == LossFunction.L2 ? Loss.l2Loss() : Loss.softmaxCrossEntropyLoss();
            JniUtils.setGradMode(true);
            try {
                NDArray scores = block.forward(bound, new NDList(input), true).singletonOrThrow();
                NDArray mean = djl.evaluate(new NDList(targets), new NDList(scores));
                assertEquals(mean.getDouble(), loss / BATCH, 1e-12);
                JniUtils.backward((PtNDArray) mean, (PtNDArray) manager.create(1.0), false, false);
            } finally {
                JniUtils.setGradMode(false);
            }
            leaves.forEach((name, leaf) -> {
                double[] expected = leaf.getGradient().toDoubleArray();
                ByteBuffer actual = shard.gradient(name);
                for (int i = 0; i < expected.length; i++) {
                    assertEquals(expected[i], actual.getDouble(i * Double.BYTES) / BATCH, 1e-12, name + " " + i);
                }
            });
        }
    }
}
