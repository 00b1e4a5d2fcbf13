package io.shardlab.cell;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cluster.Cluster;
import io.shardlab.cluster.ClusterSpec;
import io.shardlab.cluster.LocalRanks;
import io.shardlab.run.RankRunner;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Cells on ranks that are threads of this process. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class CellRunTest {

    private static final List<Integer> ALL = List.of(0, 1);

    @SuppressWarnings("NullAway.Init") // Opened before the first test.
    private CellCompiler compiler;

    @SuppressWarnings("NullAway.Init")
    private LocalRanks ranks;

    private boolean freshGroup;

    @BeforeAll
    void open(@TempDir Path home) throws Exception {
        compiler = CellCompiler.open(Cluster.classpath());
        ranks = LocalRanks.start(ClusterSpec.cpu(2, 1), home, RankRunner::open, event -> {});
        replies(new Request.OpenCells(compiler.prelude()));
    }

    @AfterAll
    void close() {
        ranks.close();
        compiler.close();
    }

    private List<Reply> replies(Request request) throws Exception {
        return ranks.submit(request).get(60, TimeUnit.SECONDS);
    }

    private Request.Cell request(String source, List<Integer> selected) {
        CompiledCell cell = compiler.compile(source);
        assertEquals(List.of(), cell.errors());
        Request.Cell request = new Request.Cell(cell.program(), selected, Map.of(), freshGroup);
        freshGroup = false;
        return request;
    }

    private List<CellOutcome> run(String source, List<Integer> selected) throws Exception {
        return outcomes(replies(request(source, selected)));
    }

    private static List<CellOutcome> outcomes(List<Reply> replies) {
        return replies.stream().map(reply -> ((Reply.CellRan) reply).outcome()).toList();
    }

    private List<String> texts(String source) throws Exception {
        return run(source, ALL).stream()
                .map(outcome ->
                        outcome.value().map(CellOutcome.Shown::text).orElseGet(() -> String.valueOf(outcome.failure())))
                .toList();
    }

    private RemoteVariable.Field field(String name) {
        return compiler.variables().stream()
                .filter(field -> field.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aCellKnowsItsRankAndKeepsItsVariables() throws Exception {
        assertEquals(List.of("0 of 2", "1 of 2"), texts("rank + \" of \" + worldSize"));
        run("int[] kept = {rank, 7};", ALL);
        assertEquals(List.of("[0, 7]", "[1, 7]"), texts("kept"));
        assertEquals(List.of("7", "8"), texts("IntStream.of(kept).sum()"));
    }

    /** It showed nothing, as if the cell had no value. */
    @Test
    void nullIsAValueThatIsShownAndVoidIsNone() throws Exception {
        assertEquals(List.of("null", "null"), texts("Map.of().get(\"no\")"));
        run("String unset = null;", ALL);
        assertEquals(List.of("null", "null"), texts("unset"));
        for (String without : List.of("System.out.print(\"\")", "comm.barrier()", "String more = null;")) {
            assertTrue(
                    run(without, ALL).stream()
                            .allMatch(outcome -> outcome.value().isEmpty()),
                    without);
        }
    }

    @Test
    void theManagerMakesTensorsAndCommReducesThem() throws Exception {
        assertEquals(
                List.of("3.0", "3.0"),
                texts("NDArray x = manager.ones(new Shape(2, 3)).mul(rank + 1);\n"
                        + "comm.allReduce(x).getFloat(1, 2)"));
        assertEquals(List.of("3.0", "3.0"), texts("comm.allReduce(rank + 1.0)"));
        assertEquals(List.of("(4, 3)", "(4, 3)"), texts("comm.allGather(x).getShape()"));
        assertEquals(List.of("(1, 3)", "(1, 3)"), texts("comm.reduceScatter(x).getShape()"));
        assertEquals(
                List.of("[3.0, 3.0]", "[3.0]"),
                texts("comm.reduceScatter(new double[] {1 + rank, 1 + rank, 1 + rank})"));
        assertEquals(
                List.of("[0.0, 1.0, 1.0]", "[0.0, 1.0, 1.0]"),
                texts("comm.allGather(rank == 0 ? new float[] {0} : new float[] {1, 1})"));
        assertEquals(List.of("5.0", "5.0"), texts("comm.broadcast(5.0 + rank, 0)"));
        assertEquals(
                List.of("null", "[0.5, 1.5]"),
                texts("double[] got = null;\n"
                        + "if (rank == 0) comm.send(1, new double[] {0.5, 1.5}); else got = comm.receive(0);\n"
                        + "Arrays.toString(got)"));
    }

    @Test
    void onlySelectedRanksRunACellButAllKnowItsMethods() throws Exception {
        List<CellOutcome> outcomes = run("int twice(int n) { return 2 * n; }\ntwice(21)", List.of(1));
        assertEquals(
                List.of(false, true),
                outcomes.stream().map(CellOutcome::selected).toList());
        assertEquals(List.of("42", "44"), texts("twice(21 + rank)"));
    }

    @Test
    void anExceptionNamesTheLineOfTheCellThatThrew() throws Exception {
        CompiledCell thrower = compiler.compile(
                "void thrower(int n) {\n  int m = n;\n  throw new IllegalStateException(\"no \" + m);\n}");
        replies(new Request.Cell(thrower.program(), ALL, Map.of(), false));
        CellOutcome outcome = run("int before = 1;\n\nthrower(\n   rank);", ALL).get(1);
        CellOutcome.Thrown thrown = outcome.failure().orElseThrow();
        assertEquals("java.lang.IllegalStateException", thrown.type());
        assertEquals("no 1", thrown.message());
        assertEquals(1, outcome.stepsDone());
        assertEquals(
                "cell " + thrower.number() + ", line 3",
                compiler.place(thrown.frames().get(0)).orElseThrow());
        assertTrue(
                compiler.place(thrown.frames().get(1)).orElseThrow().matches("cell \\d+, line [34]"),
                () -> thrown.frames().toString());
    }

    @Test
    void aRankThatWaitsForOneThatFailedIsReleasedAndTheGroupWorksAgain() throws Exception {
        List<CellOutcome> outcomes = run("if (rank == 0) throw new Exception(\"mine\");\ncomm.allReduce(1.0)", ALL);
        assertEquals("mine", outcomes.get(0).failure().orElseThrow().message());
        assertTrue(outcomes.get(1).failure().orElseThrow().consequence());
        freshGroup = true;
        assertEquals(List.of("2.0", "2.0"), texts("comm.allReduce(1.0)"));
    }

    @Test
    void aCellThatWaitsForARankThatNeverComesCanBeInterrupted() throws Exception {
        CompletableFuture<List<Reply>> waiting = ranks.submit(request("comm.barrier()", List.of(0)));
        while (!ranks.status().get(0).note().phase().equals("barrier")) {
            Thread.onSpinWait();
        }
        ranks.cancel();
        List<CellOutcome> outcomes = outcomes(waiting.get(10, TimeUnit.SECONDS));
        assertTrue(outcomes.get(0).cancelled());
        freshGroup = true;
        assertEquals(List.of("2.0", "2.0"), texts("comm.allReduce(1.0)"));
    }

    @Test
    void aSleepingCellIsInterruptedAndTheNextOneIsNot() throws Exception {
        CompletableFuture<List<Reply>> sleeping = ranks.submit(request("Thread.sleep(60_000);", ALL));
        while (!ranks.status().stream().allMatch(rank -> rank.note().phase().equals("cell"))) {
            Thread.onSpinWait();
        }
        ranks.cancel();
        assertTrue(outcomes(sleeping.get(10, TimeUnit.SECONDS)).stream().allMatch(CellOutcome::cancelled));
        assertEquals(List.of("false", "false"), texts("Thread.currentThread().isInterrupted()"));
    }

    @Test
    void variablesAreDescribedAndPulled() throws Exception {
        run(
                "double[][] grid = {{1, 2, 3}, {4, 5, 6 + rank}};\nNDArray t = manager.arange(4f).reshape(2, 2);\n"
                        + "String word = \"a\";",
                ALL);
        List<RemoteVariable> held = ((Reply.Held)
                        replies(new Request.Variables(List.of(field("grid"), field("t"), field("word"))))
                                .get(1))
                .variables();
        assertEquals(List.of(2L, 3L), held.get(0).shape());
        assertEquals(48, held.get(0).numBytes());
        assertEquals(List.of(2L, 2L), held.get(1).shape());
        assertEquals("float32", held.get(1).elementType());
        assertEquals(16, held.get(1).numBytes());
        assertEquals("a", held.get(2).text());
        Reply.Pulled grid =
                (Reply.Pulled) replies(new Request.Pull(field("grid"), ALL)).get(1);
        assertArrayEquals(new double[][] {{1, 2, 3}, {4, 5, 7}}, (double[][])
                grid.value().orElseThrow().value());
        Reply.Pulled tensor =
                (Reply.Pulled) replies(new Request.Pull(field("t"), ALL)).get(0);
        assertArrayEquals(new float[][] {{0, 1}, {2, 3}}, (float[][])
                tensor.value().orElseThrow().value());
    }

    @Test
    void aValueOfAnotherKindIsNotPulledAndTheRankSaysWhy() throws Exception {
        run("Object odd = new Object();", ALL);
        Reply.Pulled odd = (Reply.Pulled)
                replies(new Request.Pull(field("odd"), List.of(0))).get(0);
        assertTrue(odd.problem().orElseThrow().contains("cannot be sent"), odd::toString);
    }

    @Test
    void aPictureComesAsPng() throws Exception {
        CellOutcome outcome = run(
                        "new java.awt.image.BufferedImage(4, 3, java.awt.image.BufferedImage.TYPE_INT_RGB)", ALL)
                .get(0);
        byte[] png = outcome.value().orElseThrow().png();
        assertEquals("PNG", new String(png, 1, 3, StandardCharsets.ISO_8859_1));
    }
}
