package io.shardlab.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cell.CellCompiler;
import io.shardlab.cell.CellOutcome;
import io.shardlab.cell.CompiledCell;
import io.shardlab.cluster.Cluster;
import io.shardlab.plan.Plan;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.TrainSettings;
import io.shardlab.tensor.TensorType;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Cells beside a placed model, in worker JVMs. */
final class WorkerCellTest {

    private static final List<Integer> ALL = List.of(0, 1);

    @TempDir
    Path home;

    private static List<String> run(Lab lab, CellCompiler compiler, String source) throws Exception {
        CompiledCell cell = compiler.compile(source);
        assertEquals(List.of(), cell.errors());
        return lab.run(new Request.Cell(cell.program(), ALL, Map.of(), false)).stream()
                .map(reply -> ((Reply.CellRan) reply).outcome())
                .map(outcome ->
                        outcome.value().map(CellOutcome.Shown::text).orElseGet(() -> String.valueOf(outcome.failure())))
                .toList();
    }

    @Test
    void cellsSeeTheShardsAndDoNotDisturbTraining() throws Exception {
        Plan plan = Lab.plan("tp=2", TensorType.FLOAT32, 2);
        Path tokens = Lab.tokens(home.resolve("tokens.bin"), 4000);
        TrainSettings settings = TrainSettings.DEFAULT.withSteps(3);
        List<Double> undisturbed;
        List<Double> disturbed;
        try (Lab lab = Lab.start(home, 2, event -> {});
                CellCompiler compiler = CellCompiler.open(Cluster.classpath())) {
            lab.run(new Request.Place(plan, Optional.empty()));
            undisturbed = lab.losses(plan, settings, tokens);
            lab.run(new Request.Place(plan, Optional.empty()));
            lab.run(new Request.OpenCells(compiler.prelude()));
            assertEquals(List.of("tp=0", "tp=1"), run(lab, compiler, "mesh.role(rank)"));
            String name = "model.layers.0.self_attn.q_proj.weight";
            assertEquals(
                    List.of("(16, 32)", "(16, 32)"),
                    run(lab, compiler, "NDArray q = model.get(\"" + name + "\");\nq.getShape()"));
            List<String> halves = run(lab, compiler, "q.getFloat(0, 0)");
            assertTrue(!halves.get(0).equals(halves.get(1)), "each rank has its own rows");
            run(lab, compiler, "q.muli(0); model.get(\"" + name + "\").getFloat(0, 0)");
            assertEquals(halves, run(lab, compiler, "model.get(\"" + name + "\").getFloat(0, 0)"));
            run(
                    lab,
                    compiler,
                    "try (var collector = ai.djl.engine.Engine.getInstance().newGradientCollector()) {\n"
                            + "    NDArray leaf = manager.ones(new Shape(3));\n    leaf.setRequiresGradient(true);\n"
                            + "    collector.backward(leaf.mul(leaf).sum());\n"
                            + "    if (leaf.getGradient().getFloat(1) != 2) throw new AssertionError();\n}");
            disturbed = lab.losses(plan, settings, tokens);
        }
        assertEquals(undisturbed, disturbed);
    }
}
