package io.shardlab.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every gradient of every segment kind is the slope that central differences find, in float64. */
final class GradientTest {

    private static final long B = 2;
    private static final long T = 3;
    private static final long D = 6;
    private static final int V = 7;
    private static final double STEP = 1e-5;

    static Stream<Arguments> segments() {
        return Stream.of(
                Arguments.of("embedding", new Segment.Embedding(), List.of(matrix("w", V, D))),
                Arguments.of("norm", new Segment.Norm(1e-5), List.of(matrix("w", D))),
                Arguments.of("attention of 2 heads", new Segment.Attention(2, 2, 4, 100), attention(2, 2, 4)),
                Arguments.of(
                        "attention of 4 heads in 2 groups", new Segment.Attention(4, 2, 2, 100), attention(4, 2, 2)),
                Arguments.of("attention of 3 heads in 1 group", new Segment.Attention(3, 1, 4, 9), attention(3, 1, 4)),
                Arguments.of(
                        "feed-forward",
                        new Segment.FeedForward(),
                        List.of(matrix("gate", 5, D), matrix("up", 5, D), matrix("down", D, 5))),
                Arguments.of("head", new Segment.Head(1e-5), List.of(matrix("norm", D), matrix("projection", V, D))));
    }

    private static List<ParameterSpec> attention(long heads, long groups, long dim) {
        return List.of(
                matrix("q", heads * dim, D),
                matrix("k", groups * dim, D),
                matrix("v", groups * dim, D),
                matrix("o", D, heads * dim));
    }

    private static ParameterSpec matrix(String name, long... dims) {
        return new ParameterSpec(name, TensorShape.of(dims), Placement.replicated(), 0.7);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("segments")
    void everyGradientIsTheSlope(String name, Segment.Kind kind, List<ParameterSpec> parameters) {
        try (Engine engine = Engine.djl(Device.cpu(0), 1);
                Fixture fixture = new Fixture(engine, name, kind, parameters)) {
            fixture.backward();
            for (ParameterSpec parameter : parameters) {
                double[] gradient = doubles(fixture.shard.gradient(parameter.name()));
                ByteBuffer weight = fixture.shard.weight(parameter.name());
                for (int i = 0; i < gradient.length; i++) {
                    double kept = weight.getDouble(8 * i);
                    weight.putDouble(8 * i, kept + STEP);
                    double above = fixture.value();
                    weight.putDouble(8 * i, kept - STEP);
                    double below = fixture.value();
                    weight.putDouble(8 * i, kept);
                    close((above - below) / (2 * STEP), gradient[i], parameter.name() + "[" + i + "]");
                }
            }
            for (int i = 0; i < fixture.inputGradient.length; i++) {
                double kept = fixture.x[i];
                fixture.x[i] = kept + STEP;
                double above = fixture.value();
                fixture.x[i] = kept - STEP;
                double below = fixture.value();
                fixture.x[i] = kept;
                close((above - below) / (2 * STEP), fixture.inputGradient[i], "x[" + i + "]");
            }
            assertEquals(kind instanceof Segment.Embedding ? 0 : B * T * D, fixture.inputGradient.length);
        }
    }

    private static void close(double expected, double actual, String what) {
        assertEquals(expected, actual, 1e-7 * Math.max(1, Math.abs(expected)), what);
    }

    static double[] doubles(ByteBuffer bytes) {
        double[] values = new double[bytes.remaining() / 8];
        bytes.asDoubleBuffer().get(values);
        return values;
    }

    /** A segment alone on a rank, and the number Σ y · c, with fixed weights c, whose slopes are looked at. */
    private static final class Fixture implements AutoCloseable {

        final Segment segment;
        final Shard shard;
        final double[] x = new double[(int) (B * T * D)];
        final int[] ids = {1, 6, 1, 0, 3, 6};
        double[] inputGradient = {};
        private final double[] coefficients;
        private final boolean embeds;
        private final boolean scores;

        Fixture(Engine engine, String name, Segment.Kind kind, List<ParameterSpec> parameters) {
            segment = new Segment(name, kind, parameters);
            embeds = kind instanceof Segment.Embedding;
            scores = kind instanceof Segment.Head;
            String input = embeds ? Stage.TOKENS : "x";
            Step step = new Step.Local(segment, scores ? List.of(input, Stage.TARGETS) : List.of(input), "y");
            Stage stage = new Stage(0, 0, "alone", List.of(step), input, "y");
            shard = engine.place(List.of(stage), 0, TensorType.FLOAT64, new SeededWeights(5));
            Random random = new Random(3);
            IntStream.range(0, x.length).forEach(i -> x[i] = random.nextGaussian());
            coefficients =
                    scores ? new double[] {1} : random.doubles(x.length, -1, 1).toArray();
        }

        private List<Tensor> inputs(Scope scope) {
            List<Tensor> inputs = new ArrayList<>();
            if (!embeds) {
                Tensor tensor = scope.allocate(TensorShape.of(B, T, D));
                tensor.bytes().asDoubleBuffer().put(x);
                tensor.written();
                inputs.add(tensor);
            }
            if (embeds || scores) {
                inputs.add(scope.tokens(ids, TensorShape.of(B, T)));
            }
            return inputs;
        }

        double value() {
            try (Scope scope = shard.scope(false)) {
                double[] y = doubles(scope.forward(segment, inputs(scope)).bytes());
                double sum = 0;
                for (int i = 0; i < y.length; i++) {
                    sum += y[i] * coefficients[i];
                }
                return sum;
            }
        }

        void backward() {
            try (Scope scope = shard.scope(true)) {
                Tensor y = scope.forward(segment, inputs(scope));
                Tensor gradient = scope.allocate(y.shape());
                gradient.bytes().asDoubleBuffer().put(coefficients);
                gradient.written();
                List<Optional<Tensor>> found = scope.backward(segment, gradient);
                assertTrue(found.size() == (scores ? 2 : 1)
                        && (!scores || found.get(1).isEmpty()));
                found.get(0).ifPresent(tensor -> inputGradient = doubles(tensor.bytes()));
            }
        }

        @Override
        public void close() {
            shard.close();
        }
    }
}
