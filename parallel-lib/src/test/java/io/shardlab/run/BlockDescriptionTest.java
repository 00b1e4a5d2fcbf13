package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cluster.BlockCompiler;
import io.shardlab.model.BlockSpec;
import io.shardlab.plan.LossFunction;
import io.shardlab.tensor.TensorShape;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a worker finds out about a user's block, and which blocks it refuses. */
final class BlockDescriptionTest {

    private static final String START = "return new SequentialBlock().add(Blocks.batchFlattenBlock())";
    private static final String END = ".add(Linear.builder().setUnits(5).build());";

    @Test
    void aUnitBeginsAtEachChildWithParameters() {
        List<BlockSpec.Unit> units =
                UserBlock.spec("cnn", UserBlock.CNN, LossFunction.CROSS_ENTROPY).units();
        assertEquals(3, units.size());
        BlockSpec.Unit features = units.get(0);
        assertEquals(0, features.first());
        assertEquals(4, features.end());
        assertEquals(TensorShape.of(1, 8, 8), features.input());
        assertEquals(TensorShape.of(36), features.output());
        assertEquals(OptionalInt.empty(), features.linear());
        assertEquals(
                "01SequentialBlock_01Conv2d_weight",
                features.parameters().get(0).name());
        assertEquals(Math.sqrt(2 / 9.0), features.parameters().get(0).standardDeviation());
        assertEquals(0, features.parameters().get(1).standardDeviation());
        assertEquals(0, features.parameters().get(1).mean());
        assertEquals("Linear 36→16, ReLU", units.get(1).label());
        assertEquals(OptionalInt.of(4), units.get(1).linear());
        assertTrue(units.get(1).elementwise());
        assertTrue(units.get(1).flops() > 0);
    }

    @Test
    void anActivationIsElementwiseAndASoftmaxIsNot() {
        String body = START + ".add(Linear.builder().setUnits(8).build()).addSingleton(x -> x.softmax(1))" + END;
        BlockSpec.Unit first =
                UserBlock.spec("soft", body, LossFunction.CROSS_ENTROPY).units().get(0);
        assertEquals(OptionalInt.of(1), first.linear());
        assertEquals(false, first.elementwise());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            .add(BatchNorm.builder().build())            | child 1 (BatchNorm): keeps
            .add(Dropout.builder().optRate(0.5f).build()) | child 1 (Dropout): gives other results when it runs again
            .addSingleton(x -> x.sub(x.mean(new int[] {0}))) | child 1 (lambda): mixes the samples of a batch
            .addSingleton(x -> x.sum())                  | child 1 (lambda): gives
            """)
    void whatNoLayoutCouldComputeIsRefused(String child, String reason) {
        String refusal = UserBlock.describe(START + child + END).refusal().orElse("nothing was refused");
        assertTrue(refusal.startsWith(reason), refusal);
    }

    @Test
    void javaNumbersAreRefusedWhereABackwardPassWouldReadThem() {
        String scaled = ".addSingleton(x -> x.mul(0.5f))";
        String hidden = ".add(Linear.builder().setUnits(8).build())";
        assertTrue(UserBlock.describe(START + hidden + scaled + END)
                .refusal()
                .orElseThrow()
                .startsWith("child 2 (lambda): computes with Java numbers"));
        assertTrue(UserBlock.describe(START + scaled + hidden + END).refusal().isEmpty());
    }

    @Test
    void whatTheCellThrowsIsToldWithItsLine() {
        String thrown = "int a = 0;\nif (a == 0) {\nthrow new IllegalStateException(\"no\");\n}\nreturn null;";
        assertEquals(
                "line 4: IllegalStateException: no",
                UserBlock.describe(thrown).refusal().orElseThrow());
    }

    @Test
    void compileErrorsCarryTheLinesOfTheCell() {
        String body = "\n// a comment\nint units = \"ten\";\nreturn new Sequential();\n";
        assertEquals(
                "line 4: incompatible types: java.lang.String cannot be converted to int; "
                        + "line 5: cannot find symbol, symbol:   class Sequential, location: class NotebookBlock",
                assertThrows(IllegalArgumentException.class, () -> BlockCompiler.compile(body))
                        .getMessage());
        assertEquals(
                "line 3: missing return statement (the cell must end with `return` and a Block)",
                assertThrows(IllegalArgumentException.class, () -> BlockCompiler.compile("int a = 1;"))
                        .getMessage());
    }

    @Test
    void importsMayStandAnywhereAndMoveNoLine() {
        String body = "import java.util.concurrent.atomic.*;\nAtomicInteger a = null;\nint b = a;\nreturn null;";
        String message = String.valueOf(assertThrows(IllegalArgumentException.class, () -> BlockCompiler.compile(body))
                .getMessage());
        assertTrue(message.startsWith("line 4: incompatible types"), message);
    }
}
