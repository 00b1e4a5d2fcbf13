package io.shardlab.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.shardlab.mesh.Device;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Segment;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every segment kind computes by hand what autograd computes from the engine's operators, at sizes that are no whole lanes. */
final class ByHandTest {

    private static final long B = 2;
    private static final long T = 13;
    private static final long D = 24;
    private static final long V = 37;

    /** A kind as tensor rank 1 computes it; the last of its inputs are token ids if it reads any. */
    record Kind(String name, Segment.Kind kind, boolean embeds, boolean scores, List<ParameterSpec> weights) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Kind> kinds() {
        return List.of(
                new Kind("embedding", new Segment.Embedding(), true, false, List.of(whole("w", V, D))),
                new Kind("part of an embedding", new Segment.Embedding(), true, false, List.of(part("w", V, 2, V - 2))),
                new Kind("norm", new Segment.Norm(1e-5), false, false, List.of(whole("w", D))),
                new Kind("attention", new Segment.Attention(4, 4, 6, 50), false, false, attention(4, 4, 6)),
                new Kind("grouped attention", new Segment.Attention(6, 2, 10, 9), false, false, attention(6, 2, 10)),
                new Kind(
                        "attention with divided KV heads",
                        new Segment.Attention(9, 3, 4, 9),
                        false,
                        false,
                        List.of(
                                part("q", 36, 20, 16),
                                part("k", 12, 4, 8),
                                part("v", 12, 4, 8),
                                new ParameterSpec(
                                        "o",
                                        TensorShape.of(D, 36),
                                        new Placement.Split(1, List.of(new Extent(0, 20), new Extent(20, 16))),
                                        1))),
                new Kind(
                        "feed-forward",
                        new Segment.FeedForward(),
                        false,
                        false,
                        List.of(whole("gate", 19, D), whole("up", 19, D), whole("down", D, 19))),
                new Kind("head", new Segment.Head(1e-5), false, true, List.of(whole("norm", D), whole("w", V, D))),
                new Kind(
                        "scores of a part of the vocabulary",
                        new Segment.VocabularyScores(),
                        false,
                        true,
                        List.of(part("w", V, 2, V - 2))));
    }

    private static ParameterSpec whole(String name, long... dims) {
        return new ParameterSpec(name, TensorShape.of(dims), Placement.replicated(), 1);
    }

    /** [numRows,D], of which rank 1 has the given rows. */
    private static ParameterSpec part(String name, long numRows, long start, long length) {
        Placement split = new Placement.Split(0, List.of(new Extent(0, start), new Extent(start, length)));
        return new ParameterSpec(name, TensorShape.of(numRows, D), split, 1);
    }

    private static List<ParameterSpec> attention(long heads, long groups, long dim) {
        return List.of(
                whole("q", heads * dim, D),
                whole("k", groups * dim, D),
                whole("v", groups * dim, D),
                whole("o", D, heads * dim));
    }

    /** One forward and backward pass on numbers that depend on the seed; every result, as it would be written. */
    private static List<double[]> run(Kind kind, TensorType type, boolean byHand, boolean split) {
        List<double[]> results = new ArrayList<>();
        try (Engine engine = Engine.djl(Device.cpu(0), 1);
                NDManager manager = NDManager.newBaseManager(ai.djl.Device.cpu(), "PyTorch");
                Constants constants = new Constants(manager, type)) {
            assertTrue(engine.version().startsWith("PyTorch"));
            Random random = new Random(8);
            NDList values = new NDList();
            for (ParameterSpec parameter : kind.weights) {
                values.add(normal(manager, type, DjlTensor.shape(parameter.localShape(1)), random, 0.4));
            }
            Optional<Blas> blas = Blas.ofEngine();
            assertTrue(blas.isPresent(), "libtorch shows its matrix products");
            Segment segment = new Segment(kind.name, kind.kind, kind.weights);
            Mathematics mathematics = Mathematics.of(segment, constants, 1, byHand ? blas : Optional.empty());
            List<Weight> weights = new ArrayList<>();
            List<Weight> operands = new ArrayList<>();
            int joined = mathematics.numJoined();
            if (joined > 1) {
                Weight whole = new Weight(manager, NDArrays.concat(new NDList(values.subList(0, joined))));
                operands.add(whole);
                int row = 0;
                for (NDArray part : values.subList(0, joined)) {
                    int rows = (int) part.getShape().get(0);
                    weights.add(whole.rows(row, rows));
                    row += rows;
                }
            }
            for (NDArray value : values.subList(weights.size(), values.size())) {
                Weight weight = new Weight(manager, value);
                weights.add(weight);
                operands.add(weight);
            }
            // Twice, since gradients add up.
            for (int pass = 0; pass < 2; pass++) {
                List<NDArray> inputs = new ArrayList<>();
                if (!kind.embeds) {
                    inputs.add(normal(manager, type, new Shape(B, T, D), random, 1));
                }
                if (kind.embeds || kind.scores) {
                    long[] ids = random.longs(B * T, 0, V).toArray();
                    inputs.add(manager.create(ids, new Shape(B, T)).duplicate());
                }
                Computed computed = mathematics.compute(manager, inputs, operands, true);
                results.add(numbers(computed.output()));
                NDArray gradient = normal(manager, type, computed.output().getShape(), random, 1);
                List<Optional<NDArray>> found = computed.tape().backwardInputs(gradient);
                if (split) {
                    // Whoever keeps the output's gradient keeps its storage, not the caller's handle.
                    gradient.close();
                }
                found.forEach(array -> array.ifPresent(dx -> results.add(numbers(dx))));
                computed.tape().backwardWeights();
            }
            weights.forEach(weight -> results.add(numbers(weight.gradient())));
        }
        return results;
    }

    private static NDArray normal(NDManager manager, TensorType type, Shape shape, Random random, double deviation) {
        double[] values = new double[Math.toIntExact(shape.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (deviation * random.nextGaussian());
        }
        return manager.create(values, shape)
                .toType(DjlTensor.dataType(type), true)
                .duplicate();
    }

    private static double[] numbers(NDArray array) {
        return array.toType(DataType.FLOAT64, true).toDoubleArray();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void equalsAutogradInFloat64(Kind kind) {
        compare(run(kind, TensorType.FLOAT64, false, false), run(kind, TensorType.FLOAT64, true, true), 1e-13);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void equalsAutogradInFloat32ToRounding(Kind kind) {
        compare(run(kind, TensorType.FLOAT64, true, false), run(kind, TensorType.FLOAT32, true, true), 2e-6);
        compare(run(kind, TensorType.FLOAT64, true, false), run(kind, TensorType.FLOAT32, false, false), 2e-6);
    }

    private static void compare(List<double[]> expected, List<double[]> actual, double tolerance) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            double difference = 0;
            double size = 0;
            for (int j = 0; j < expected.get(i).length; j++) {
                difference += Math.pow(expected.get(i)[j] - actual.get(i)[j], 2);
                size += Math.pow(expected.get(i)[j], 2);
            }
            assertTrue(size > 0, "result " + i + " is all zeros");
            assertTrue(Math.sqrt(difference / size) <= tolerance, "result " + i + ": " + Math.sqrt(difference / size));
        }
    }

    @Test
    void productsReadBlocksAndTransposes() {
        try (Engine engine = Engine.djl(Device.cpu(0), 1);
                NDManager manager = NDManager.newBaseManager(ai.djl.Device.cpu(), "PyTorch")) {
            assertTrue(engine.version().startsWith("PyTorch"));
            Blas blas = Blas.ofEngine().orElseThrow();
            // Two columns of a 3×4 matrix, transposed, times its first row's last three numbers.
            NDArray a = manager.create(new double[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, new Shape(3, 4));
            NDArray c = manager.create(new double[] {100, 200}, new Shape(2, 1));
            Blas.Matrix matrix = Blas.Matrix.of(a);
            Blas.Matrix columns = matrix.block(0, 1, 3, 2).transpose();
            Blas.Matrix row = matrix.block(0, 1, 1, 3).transpose();
            blas.multiply(2, columns, row, 1, Blas.Matrix.of(c));
            assertEquals(100 + 2 * (1 + 5 * 2 + 9 * 3), c.getDouble(0));
            assertEquals(200 + 2 * (2 + 6 * 2 + 10 * 3), c.getDouble(1));
            assertThrows(IllegalArgumentException.class, () -> blas.multiply(1, matrix, matrix, 0, Blas.Matrix.of(c)));
        }
    }
}
