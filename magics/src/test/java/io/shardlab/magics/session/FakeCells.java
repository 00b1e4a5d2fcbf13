package io.shardlab.magics.session;

import io.shardlab.cell.CompiledCell;
import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.backend.Failure;
import io.shardlab.magics.command.CellOptions;
import io.shardlab.mesh.Mesh;
import io.shardlab.mesh.Selection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Cells that answer by their first word: {@code throw} fails on rank 0, {@code mistake} does not compile, {@code loop} goes on
 * until it is stopped, others echo.
 */
final class FakeCells implements Cells {

    private final FakeBackend backend;
    private final int workers;
    private final List<String> started;

    FakeCells(FakeBackend backend) {
        this.backend = backend;
        this.workers = backend.workers;
        this.started = backend.started;
    }

    private List<Integer> ranks(Selection selection) {
        return selection.ranks(new Mesh(1, 1, workers));
    }

    @Override
    public Outcome run(CellOptions options, String source, Listener listener) {
        List<Integer> ranks = ranks(options.selection());
        started.add("cell");
        if (source.startsWith("mistake")) {
            throw new MistakenCell(
                    List.of(new CompiledCell.SourceError(1, 1, "cannot find symbol\n  symbol: mistake", source)),
                    false);
        }
        listener.begun();
        boolean loops = source.startsWith("loop");
        List<RankRow> rows = new ArrayList<>();
        List<Failure> failures = new ArrayList<>();
        for (int rank : ranks) {
            listener.printed(rank, false, source + "\n");
            boolean fails = source.startsWith("throw") && rank == 0;
            if (fails) {
                failures.add(new Failure(0, "-", "cpu:0", "cell 1, line 1", "IOException: <b>", List.of(), false));
            }
            Optional<String> value = fails ? Optional.empty() : Optional.of(source.length() + "");
            String ended = fails ? "failed" : loops ? "interrupted" : "done";
            rows.add(new RankRow(rank, "-", "cpu:" + rank, "int", value, Optional.empty(), ended, 1));
        }
        if (loops) {
            backend.training.countDown();
            FakeRuns.await(backend.ignoreCancel ? backend.killed : backend.cancelled);
            listener.printed(ranks.get(0), false, "stopped\n");
        }
        return new Outcome(1, rows, failures, List.of());
    }

    @Override
    public String stoppedIn() {
        return backend.busy ? "rank 0 in barrier" : "";
    }

    @Override
    public List<VariableRow> variables(Selection selection) {
        return ranks(selection).stream()
                .map(rank -> new VariableRow(
                        "x",
                        "NDArray",
                        rank,
                        Optional.of("2 × 3"),
                        Optional.of("float32"),
                        "cpu()",
                        OptionalLong.of(24),
                        Optional.empty()))
                .toList();
    }

    @Override
    public List<VariableRow> push(Map<String, Object> values, Selection selection) {
        started.add("push " + values.keySet());
        return variables(selection);
    }

    @Override
    public List<PulledRow> pull(String name, Selection selection) {
        return ranks(selection).stream()
                .map(rank -> new PulledRow(rank, "int[]", List.of(2), new int[] {rank, 7}, "[" + rank + ", 7]"))
                .toList();
    }
}
