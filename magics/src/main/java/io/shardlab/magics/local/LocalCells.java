package io.shardlab.magics.local;

import io.shardlab.cell.CellCompiler;
import io.shardlab.cell.CellOutcome;
import io.shardlab.cell.CellProgram;
import io.shardlab.cell.CompiledCell;
import io.shardlab.cell.RemoteValue;
import io.shardlab.cell.RemoteVariable;
import io.shardlab.cluster.Cluster;
import io.shardlab.cluster.WorkerEvent;
import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.backend.FailedWorkers;
import io.shardlab.magics.backend.Failure;
import io.shardlab.magics.backend.RankList;
import io.shardlab.magics.command.CellOptions;
import io.shardlab.magics.command.Nearest;
import io.shardlab.mesh.Selection;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Cells on the worker JVMs of one cluster. All ranks hear of every cell, so that all know its classes; which rank has run which
 * declaration is known here, so that a cell is refused where a variable would be nothing but a zero.
 */
final class LocalCells implements Cells, AutoCloseable {

    private final Cluster cluster;
    private final RunningCluster all;
    private final CellHolders holders = new CellHolders();
    private @Nullable CellCompiler compiler;
    private boolean freshGroup;
    private volatile @Nullable CellDeadline running;
    private volatile String stoppedIn = "";

    /** @param all asks the ranks of {@code cluster}, and knows their roles */
    LocalCells(Cluster cluster, RunningCluster all) {
        this.cluster = cluster;
        this.all = all;
    }

    private CellCompiler compiler() {
        CellCompiler open = compiler;
        if (open == null) {
            open = CellCompiler.open(Cluster.classpath());
            all.askUnlessStopped(new Request.OpenCells(open.prelude()), event -> {});
            compiler = open;
        }
        return open;
    }

    @Override
    public Outcome run(CellOptions options, String source, Listener listener) {
        return run(options, source, Map.of(), listener);
    }

    private Outcome run(CellOptions options, String source, Map<String, RemoteValue> pushed, Listener listener) {
        List<Integer> ranks = all.ranks(options.selection());
        CellCompiler here = compiler();
        CompiledCell cell = here.compile(source);
        Optional<IllegalStateException> missing = holders.missing(cell, ranks, here::variables);
        if (missing.isPresent()) {
            send(cell, List.of(), Map.of(), event -> {});
            throw missing.get();
        }
        CellDeadline deadline = new CellDeadline(cluster, ranks, options, listener);
        List<Reply> replies;
        stoppedIn = "";
        running = deadline;
        if (cell.errors().isEmpty() || !cell.program().steps().isEmpty()) {
            listener.begun();
        }
        try (deadline) {
            replies = send(cell, ranks, pushed, deadline::hear);
        } finally {
            running = null;
        }
        Outcome outcome = outcome(cell, replies);
        deadline.requireKept();
        if (!cell.errors().isEmpty()) {
            throw new MistakenCell(cell.errors(), !cell.program().steps().isEmpty());
        }
        return outcome;
    }

    /** Called by whoever is about to ask the ranks to stop, on any thread. */
    void noteStop() {
        CellDeadline now = running;
        if (now != null) {
            stoppedIn = String.join(", ", now.unfinished());
        }
    }

    @Override
    public String stoppedIn() {
        return stoppedIn;
    }

    private List<Reply> send(
            CompiledCell cell, List<Integer> ranks, Map<String, RemoteValue> pushed, Consumer<WorkerEvent> hearing) {
        CellProgram program = cell.program();
        if (program.classes().isEmpty() && program.steps().isEmpty()) {
            return List.of(); // Imports, or nothing that compiles.
        }
        boolean fresh = freshGroup;
        freshGroup = true; // Until the ranks have answered.
        List<Reply> replies = all.askUnlessStopped(new Request.Cell(program, ranks, pushed, fresh), hearing);
        cell.shipped();
        boolean broken = false;
        for (int rank = 0; rank < replies.size(); rank++) {
            if (replies.get(rank) instanceof Reply.CellRan ran) {
                holders.note(cell, rank, ran.outcome());
                broken |= ran.outcome().failure().isPresent() || ran.outcome().cancelled();
            }
        }
        freshGroup = broken;
        return replies;
    }

    private Outcome outcome(CompiledCell cell, List<Reply> replies) {
        List<RankRow> rows = new ArrayList<>();
        List<Failure> failures = new ArrayList<>();
        for (int rank = 0; rank < replies.size(); rank++) {
            if (replies.get(rank) instanceof Reply.CellRan ran && ran.outcome().selected()) {
                CellOutcome outcome = ran.outcome();
                String role = all.role(rank);
                String device = cluster.spec().devices().get(rank).toString();
                Optional<CellOutcome.Shown> value = outcome.value();
                rows.add(new RankRow(
                        rank,
                        role,
                        device,
                        value.map(CellOutcome.Shown::type).orElse(""),
                        value.map(CellOutcome.Shown::text),
                        value.map(CellOutcome.Shown::png).filter(png -> png.length > 0),
                        outcome.failure().isPresent() ? "failed" : outcome.cancelled() ? "interrupted" : "done",
                        outcome.millis()));
                int at = rank;
                outcome.failure()
                        .ifPresent(thrown ->
                                failures.add(CellTrace.failure(compiler(), cell.number(), thrown, at, role, device)));
            }
        }
        return new Outcome(cell.number(), rows, failures, cell.notes());
    }

    @Override
    public List<VariableRow> variables(Selection selection) {
        List<Integer> ranks = all.ranks(selection);
        List<RemoteVariable.Field> fields = compiler().variables();
        List<Reply> replies =
                fields.isEmpty() ? List.of() : all.askUnlessStopped(new Request.Variables(fields), event -> {});
        List<VariableRow> rows = new ArrayList<>();
        for (int index = 0; index < fields.size(); index++) {
            RemoteVariable.Field field = fields.get(index);
            for (int rank : ranks) {
                boolean having = holders.has(rank, field);
                RemoteVariable held =
                        ((Reply.Held) replies.get(rank)).variables().get(index);
                rows.add(having ? row(rank, held) : absent(rank, field));
            }
        }
        return rows;
    }

    private static VariableRow absent(int rank, RemoteVariable.Field field) {
        return new VariableRow(
                field.name(),
                field.typeName(),
                rank,
                Optional.empty(),
                Optional.empty(),
                "",
                OptionalLong.empty(),
                Optional.of("not set"));
    }

    private static VariableRow row(int rank, RemoteVariable held) {
        boolean array = !held.elementType().isEmpty();
        return new VariableRow(
                held.name(),
                held.type(),
                rank,
                array ? Optional.of(Cells.shape(held.shape())) : Optional.empty(),
                array ? Optional.of(held.elementType()) : Optional.empty(),
                held.device(),
                held.numBytes() < 0 ? OptionalLong.empty() : OptionalLong.of(held.numBytes()),
                Optional.of(held.text()));
    }

    @Override
    public List<VariableRow> push(Map<String, Object> values, Selection selection) {
        PushedValues pushed = PushedValues.of(values);
        Outcome outcome = run(CellOptions.on(selection), pushed.source(), pushed.values(), Listener.SILENT);
        if (!outcome.failures().isEmpty()) {
            throw new FailedWorkers(outcome.failures());
        }
        return variables(selection).stream()
                .filter(row -> pushed.values().containsKey(row.name()))
                .toList();
    }

    @Override
    public List<PulledRow> pull(String name, Selection selection) {
        List<Integer> ranks = all.ranks(selection);
        List<RemoteVariable.Field> fields = compiler().variables();
        RemoteVariable.Field field = fields.stream()
                .filter(known -> known.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no variable '" + name + "'"
                        + Nearest.guess(
                                name,
                                fields.stream().map(RemoteVariable.Field::name).toList())
                        + "; "
                        + (fields.isEmpty()
                                ? "no cell has declared any"
                                : "there are "
                                        + String.join(
                                                ", ",
                                                fields.stream()
                                                        .map(RemoteVariable.Field::name)
                                                        .toList()))));
        List<Integer> without =
                ranks.stream().filter(rank -> !holders.has(rank, field)).toList();
        if (!without.isEmpty()) {
            throw new IllegalArgumentException(name + " has no value on " + RankList.text(without));
        }
        List<PulledRow> rows = new ArrayList<>();
        List<Reply> replies = all.askUnlessStopped(new Request.Pull(field, ranks), event -> {});
        for (int rank : ranks) {
            Reply.Pulled pulled = (Reply.Pulled) replies.get(rank);
            if (pulled.problem().isPresent()) {
                throw new IllegalArgumentException(
                        "rank " + rank + ": " + pulled.problem().get());
            }
            RemoteValue value = pulled.value().orElseThrow();
            rows.add(new PulledRow(rank, value.javaType(), value.shape(), value.value(), value.text()));
        }
        return rows;
    }

    @Override
    public void close() {
        if (compiler != null) {
            compiler.close();
        }
    }
}
