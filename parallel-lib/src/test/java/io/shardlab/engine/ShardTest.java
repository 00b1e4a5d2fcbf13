package io.shardlab.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.mesh.Device;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.SeededWeights;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What a rank's weights promise while a model trains on them. One engine, one thread. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ShardTest {

    private static final int V = 11;
    private static final int D = 4;
    private static final TensorShape IDS = TensorShape.of(1, 3);
    private static final int[] TOKENS = {1, 5, 1};
    private static final int[] TARGETS = {5, 1, 9};

    private static final ParameterSpec TIED = parameter("embed", 0.5, V, D);
    private static final Segment EMBEDDING = new Segment("embed_tokens", new Segment.Embedding(), List.of(TIED));
    private static final Segment FEED_FORWARD = new Segment(
            "mlp",
            new Segment.FeedForward(),
            List.of(parameter("gate", 0.5, 6, D), parameter("up", 0.5, 6, D), parameter("down", 0.5, D, 6)));
    private static final Segment RESIDUAL = new Segment("mlp.residual", new Segment.Residual(), List.of());

    private final Engine engine = Engine.djl(Device.cpu(0), 1);

    private static ParameterSpec parameter(String name, double deviation, long... dims) {
        return new ParameterSpec(name, TensorShape.of(dims), Placement.replicated(), deviation);
    }

    private static Segment head(ParameterSpec projection) {
        return new Segment("head", new Segment.Head(1e-5), List.of(parameter("norm", 0, D), projection));
    }

    @AfterAll
    void closeEngine() {
        engine.close();
    }

    private Shard place(Segment head, TensorType type) {
        Stage stage = new Stage(
                0,
                0,
                "all",
                List.of(
                        new Step.Local(EMBEDDING, List.of(Stage.TOKENS), "x0"),
                        new Step.Local(FEED_FORWARD, List.of("x0"), "y0"),
                        new Step.Local(RESIDUAL, List.of("x0", "y0"), "x1"),
                        new Step.Local(head, List.of("x1", Stage.TARGETS), Stage.LOSS)),
                Stage.TOKENS,
                Stage.LOSS);
        return engine.place(List.of(stage), 0, type, new SeededWeights(4));
    }

    /** One micro-batch, by hand; gives the loss. */
    private static double pass(Shard shard, Segment head, boolean disturb) {
        try (Scope scope = shard.scope(true)) {
            Tensor x0 = scope.forward(EMBEDDING, List.of(scope.tokens(TOKENS, IDS)));
            Tensor y0 = scope.forward(FEED_FORWARD, List.of(x0));
            Tensor copy = scope.allocate(y0.shape());
            copy.bytes().put(y0.bytes());
            copy.written();
            Tensor x1 = scope.forward(RESIDUAL, List.of(x0, copy)); // In the place of the copy.
            Tensor loss = scope.forward(head, List.of(x1, scope.tokens(TARGETS, IDS)));
            double value = loss.scalar();
            if (disturb) {
                // What an all-reduce in place does: through an alias, it overwrites a value that was handed out.
                fill(scope.alias(y0), 1e6);
                fill(loss, -1);
            }
            List<Optional<Tensor>> gx1 = scope.backward(head, scope.scalar(1));
            List<Optional<Tensor>> split = scope.backward(RESIDUAL, gx1.get(0).orElseThrow());
            Tensor gx0 = scope.backward(FEED_FORWARD, split.get(1).orElseThrow())
                    .get(0)
                    .orElseThrow();
            scope.addInto(gx0, split.get(0).orElseThrow());
            scope.backward(EMBEDDING, gx0);
            assertThrows(IllegalStateException.class, () -> scope.backward(FEED_FORWARD, gx0), "a graph runs once");
            return value;
        }
    }

    private static void fill(Tensor tensor, double value) {
        var values = tensor.bytes().asDoubleBuffer();
        for (int i = 0; i < values.limit(); i++) {
            values.put(i, value);
        }
        tensor.written();
    }

    @Test
    void sixtyStepsKeepNoMoreArraysThanFive() {
        AdamW rule = new AdamW(0.9, 0.95, 1e-8, 0.1);
        Segment head = head(TIED);
        try (Shard shard = place(head, TensorType.FLOAT32)) {
            int atFive = 0;
            for (int step = 1; step <= 60; step++) {
                pass(shard, head, false);
                pass(shard, head, false);
                assertTrue(Arrays.stream(shard.squaredGradients("embed")).sum() > 0);
                shard.update(rule, 1e-3, step, 1);
                if (step == 5) {
                    atFive = shard.numArrays();
                }
            }
            assertEquals(atFive, shard.numArrays());
        }
    }

    @Test
    void aScopeTakesAllItsArraysWithIt() {
        Segment head = head(TIED);
        try (Shard shard = place(head, TensorType.FLOAT64)) {
            pass(shard, head, false);
            shard.gradient("embed");
            int before = shard.numArrays();
            for (int i = 0; i < 5; i++) {
                try (Scope scope = shard.scope(true)) {
                    scope.forward(EMBEDDING, List.of(scope.tokens(TOKENS, IDS)));
                }
                try (Scope scope = shard.scope(false)) {
                    Tensor x0 = scope.forward(EMBEDDING, List.of(scope.tokens(TOKENS, IDS)));
                    scope.nextTokenLogits(head, x0);
                }
            }
            assertEquals(before, shard.numArrays());
        }
    }

    @Test
    void theGradientOfATiedParameterIsTheSumOfItsUsesFirstUseFirst() {
        ParameterSpec own = parameter("embed", 0.5, V, D);
        Segment tied = head(own);
        Segment untied = head(parameter("lm_head", 0.5, V, D));
        try (Shard one = place(tied, TensorType.FLOAT32);
                Shard two = place(untied, TensorType.FLOAT32)) {
            two.weight("lm_head").put(one.weight("embed"));
            for (int repeat = 1; repeat <= 2; repeat++) {
                assertEquals(pass(one, tied, false), pass(two, untied, false));
                assertEquals(pass(one, tied, false), pass(two, untied, false));
                var embedding = two.gradient("embed").asFloatBuffer();
                var projection = two.gradient("lm_head").asFloatBuffer();
                var sum = one.gradient("embed").asFloatBuffer();
                for (int i = 0; i < V * D; i++) {
                    assertEquals(embedding.get(i) + projection.get(i), sum.get(i), "bitwise");
                }
                // Asking again adds nothing.
                assertArrayEquals(bytes(one), bytes(one));
                assertEquals(
                        Arrays.stream(one.squaredGradients("embed")).sum(),
                        Arrays.stream(one.squaredGradients("embed")).sum());
                one.discardGradients();
                two.discardGradients();
                assertEquals(0, Arrays.stream(one.squaredGradients("embed")).sum());
            }
        }
    }

    private static byte[] bytes(Shard shard) {
        byte[] bytes = new byte[V * D * 4];
        shard.gradient("embed").get(bytes);
        return bytes;
    }

    @Test
    void overwritingHandedOutValuesDoesNotReachTheGraphs() {
        Segment head = head(TIED);
        try (Shard quiet = place(head, TensorType.FLOAT64);
                Shard disturbed = place(head, TensorType.FLOAT64)) {
            assertEquals(pass(quiet, head, false), pass(disturbed, head, true));
            for (ParameterSpec parameter : quiet.parameters()) {
                assertArrayEquals(
                        GradientTest.doubles(quiet.gradient(parameter.name())),
                        GradientTest.doubles(disturbed.gradient(parameter.name())),
                        parameter.name());
            }
        }
    }

    @Test
    void matricesDecayAndVectorsDoNot() {
        AdamW rule = new AdamW(0.9, 0.95, 1e-8, 0.5);
        Segment head = head(TIED);
        try (Shard shard = place(head, TensorType.FLOAT64)) {
            pass(shard, head, false);
            shard.discardGradients();
            double[] matrix = GradientTest.doubles(shard.weight("up"));
            shard.update(rule, 0.1, 1, 1);
            double[] decayed = GradientTest.doubles(shard.weight("up"));
            for (int i = 0; i < matrix.length; i++) {
                assertEquals(matrix[i] * 0.95, decayed[i], 1e-15);
            }
            assertArrayEquals(new double[] {1, 1, 1, 1}, GradientTest.doubles(shard.weight("norm")));
        }
    }

    @Test
    void recomputingKeepsInputsOnly() {
        Segment head = head(TIED);
        try (Shard shard = place(head, TensorType.FLOAT32)) {
            long kept = kept(shard, new TrainingPass(false, Dropout.NONE));
            long again = kept(shard, new TrainingPass(true, Dropout.NONE));
            // Gate, up and sigmoid of three tokens, 6 wide, are not kept.
            assertEquals(3 * 3 * 6 * 4, kept - again);
        }
    }

    private static long kept(Shard shard, TrainingPass pass) {
        try (Scope scope = shard.scope(pass)) {
            Tensor x0 = scope.forward(EMBEDDING, List.of(scope.tokens(TOKENS, IDS)));
            scope.forward(FEED_FORWARD, List.of(x0));
            return ((DjlScope) scope).numBytes();
        }
    }
}
