package io.shardlab.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.mesh.Device;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.SeededWeights;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Forward passes equal loops over plain arrays, written from the papers' equations. */
final class SlowReferenceTest {

    private static final int T = 5;
    private static final int D = 6;

    private static ParameterSpec matrix(String name, long... dims) {
        return new ParameterSpec(name, TensorShape.of(dims), Placement.replicated(), 0.5);
    }

    private static double[][] rows(Shard shard, String name, int columns) {
        double[] flat = GradientTest.doubles(shard.weight(name));
        double[][] rows = new double[flat.length / columns][columns];
        for (int i = 0; i < flat.length; i++) {
            rows[i / columns][i % columns] = flat[i];
        }
        return rows;
    }

    private interface Check {
        void accept(Shard shard, double[][] x, double[] y);
    }

    /** Runs a segment on [1,T,D] normal numbers. */
    private static void run(Segment.Kind kind, List<ParameterSpec> parameters, Check check) {
        Segment segment = new Segment("alone", kind, parameters);
        Stage stage = new Stage(0, 0, "alone", List.of(new Step.Local(segment, List.of("x"), "y")), "x", "y");
        try (Engine engine = Engine.djl(Device.cpu(0), 1);
                Shard shard = engine.place(List.of(stage), 0, TensorType.FLOAT64, new SeededWeights(1));
                Scope scope = shard.scope(false)) {
            Tensor input = scope.allocate(TensorShape.of(1, T, D));
            double[][] x = new double[T][D];
            Random random = new Random(2);
            for (int i = 0; i < T * D; i++) {
                x[i / D][i % D] = random.nextGaussian();
                input.bytes().putDouble(8 * i, x[i / D][i % D]);
            }
            input.written();
            check.accept(
                    shard,
                    x,
                    GradientTest.doubles(scope.forward(segment, List.of(input)).bytes()));
        }
    }

    private static double[] times(double[][] matrix, double[] x) {
        double[] y = new double[matrix.length];
        for (int i = 0; i < y.length; i++) {
            for (int j = 0; j < x.length; j++) {
                y[i] += matrix[i][j] * x[j];
            }
        }
        return y;
    }

    private static void same(double[] expected, double[] actual, int row) {
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[row * expected.length + i], 1e-12, "[" + row + "," + i + "]");
        }
    }

    @Test
    void normDividesByTheRootOfTheMeanSquarePlusEpsilon() {
        run(new Segment.Norm(0.3), List.of(matrix("w", D)), (shard, x, y) -> {
            double[] w = GradientTest.doubles(shard.weight("w"));
            for (int t = 0; t < T; t++) {
                double squares = 0;
                for (double value : x[t]) {
                    squares += value * value;
                }
                for (int i = 0; i < D; i++) {
                    assertEquals(x[t][i] / Math.sqrt(squares / D + 0.3) * w[i], y[t * D + i], 1e-13);
                }
            }
        });
    }

    @Test
    void feedForwardIsDownOfSiluOfGateTimesUp() {
        List<ParameterSpec> parameters = List.of(matrix("gate", 4, D), matrix("up", 4, D), matrix("down", D, 4));
        run(new Segment.FeedForward(), parameters, (shard, x, y) -> {
            for (int t = 0; t < T; t++) {
                double[] gate = times(rows(shard, "gate", D), x[t]);
                double[] up = times(rows(shard, "up", D), x[t]);
                double[] hidden = new double[4];
                for (int i = 0; i < 4; i++) {
                    hidden[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
                }
                same(times(rows(shard, "down", 4), hidden), y, t);
            }
        });
    }

    @ParameterizedTest(name = "{0} heads share {1}, {2} wide")
    @CsvSource({"1,1,2", "2,2,4", "4,2,2", "6,2,4", "3,1,2"})
    void attentionLooksBackThroughRotatedHeads(int heads, int groups, int dim) {
        List<ParameterSpec> parameters = List.of(
                matrix("q", heads * dim, D),
                matrix("k", groups * dim, D),
                matrix("v", groups * dim, D),
                matrix("o", D, heads * dim));
        double theta = 50;
        run(new Segment.Attention(heads, groups, dim, theta), parameters, (shard, x, y) -> {
            for (int t = 0; t < T; t++) {
                double[] mixed = new double[heads * dim];
                double[] q = times(rows(shard, "q", D), x[t]);
                for (int head = 0; head < heads; head++) {
                    int group = head / (heads / groups);
                    double[] scores = new double[t + 1];
                    double total = 0;
                    for (int s = 0; s <= t; s++) {
                        double[] k = times(rows(shard, "k", D), x[s]);
                        for (int i = 0; i < dim; i++) {
                            scores[s] += rotated(q, head * dim, i, dim, t, theta)
                                    * rotated(k, group * dim, i, dim, s, theta);
                        }
                        scores[s] = Math.exp(scores[s] / Math.sqrt(dim));
                        total += scores[s];
                    }
                    for (int s = 0; s <= t; s++) {
                        double[] v = times(rows(shard, "v", D), x[s]);
                        for (int i = 0; i < dim; i++) {
                            mixed[head * dim + i] += scores[s] / total * v[group * dim + i];
                        }
                    }
                }
                same(times(rows(shard, "o", heads * dim), mixed), y, t);
            }
        });
    }

    /** Element i of a head at a position: pairs are (i, i + dim/2). */
    private static double rotated(double[] x, int start, int i, int dim, int position, double theta) {
        int pair = i % (dim / 2);
        double angle = position / Math.pow(theta, 2.0 * pair / dim);
        double a = x[start + pair];
        double b = x[start + pair + dim / 2];
        return i < dim / 2 ? a * Math.cos(angle) - b * Math.sin(angle) : b * Math.cos(angle) + a * Math.sin(angle);
    }

    @Test
    void headSumsTheCrossEntropiesAndItsLogitsAreThoseOfTheLastPosition() {
        int v = 9;
        Segment segment =
                new Segment("head", new Segment.Head(1e-5), List.of(matrix("norm", D), matrix("projection", v, D)));
        Step step = new Step.Local(segment, List.of("x", Stage.TARGETS), "y");
        Stage stage = new Stage(0, 0, "alone", List.of(step), "x", "y");
        try (Engine engine = Engine.djl(Device.cpu(0), 1);
                Shard shard = engine.place(List.of(stage), 0, TensorType.FLOAT64, new SeededWeights(1));
                Scope scope = shard.scope(false)) {
            Tensor x = scope.allocate(TensorShape.of(1, T, D));
            double[] values = new Random(2).doubles(T * D, -2, 2).toArray();
            x.bytes().asDoubleBuffer().put(values);
            x.written();
            int[] targets = {3, 0, 8, 3, 1};
            double[] logits = {};
            double sum = 0;
            double[] norm = GradientTest.doubles(shard.weight("norm"));
            for (int t = 0; t < T; t++) {
                double squares = 0;
                double[] normed = new double[D];
                for (int i = 0; i < D; i++) {
                    squares += values[t * D + i] * values[t * D + i];
                }
                for (int i = 0; i < D; i++) {
                    normed[i] = values[t * D + i] / Math.sqrt(squares / D + 1e-5) * norm[i];
                }
                logits = times(rows(shard, "projection", D), normed);
                double total = 0;
                for (double logit : logits) {
                    total += Math.exp(logit);
                }
                sum += Math.log(total) - logits[targets[t]];
            }
            Tensor loss = scope.forward(segment, List.of(x, scope.tokens(targets, TensorShape.of(1, T))));
            assertEquals(sum, loss.scalar(), 1e-12);
            same(logits, GradientTest.doubles(scope.nextTokenLogits(segment, x).bytes()), 0);
        }
    }
}
