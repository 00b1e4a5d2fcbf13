package io.shardlab.magics.session;

import io.shardlab.cell.CellCompiler;
import io.shardlab.cell.CellOutcome;
import io.shardlab.cell.CellProgram;
import io.shardlab.cell.CompiledCell;
import io.shardlab.cell.RemoteValue;
import io.shardlab.cell.RemoteVariable;
import io.shardlab.cluster.Cluster;
import io.shardlab.cluster.WorkerEvent;
import io.shardlab.magics.command.CellOptions;
import io.shardlab.mesh.Mesh;
import io.shardlab.mesh.Selection;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.lang.model.SourceVersion;
import org.jspecify.annotations.Nullable;

/**
 * Cells on the worker JVMs of one cluster. All ranks hear of every cell, so that all know its classes; which rank has run which
 * declaration is known here, so that a cell is refused where a variable would be nothing but a zero.
 */
final class LocalCells implements Cells, AutoCloseable {

    private static final Set<String> PREDEFINED =
            Set.of("rank", "worldSize", "mesh", "device", "manager", "model", "comm");

    /** Asks all ranks, and throws {@link FailedWorkers} where one is lost. */
    interface Line {
        List<Reply> ask(Request request, Consumer<WorkerEvent> hearing);
    }

    private final Cluster cluster;
    private final Line line;
    private final Supplier<Optional<Mesh>> placed;
    private final Map<String, Set<Integer>> holders = new HashMap<>();
    private @Nullable CellCompiler compiler;
    private boolean freshGroup;
    private volatile @Nullable Deadline running;
    private volatile String stoppedIn = "";

    LocalCells(Cluster cluster, Line line, Supplier<Optional<Mesh>> placed) {
        this.cluster = cluster;
        this.line = line;
        this.placed = placed;
    }

    private CellCompiler compiler() {
        CellCompiler open = compiler;
        if (open == null) {
            open = CellCompiler.open(Cluster.classpath());
            line.ask(new Request.OpenCells(open.prelude()), event -> {});
            compiler = open;
        }
        return open;
    }

    private List<Integer> ranks(Selection selection) {
        int numRanks = cluster.numRanks();
        return selection.ranks(
                placed.get().filter(mesh -> mesh.size() == numRanks).orElse(new Mesh(1, 1, numRanks)));
    }

    @Override
    public Outcome run(CellOptions options, String source, Listener listener) {
        return run(options, source, Map.of(), listener);
    }

    private Outcome run(CellOptions options, String source, Map<String, RemoteValue> pushed, Listener listener) {
        List<Integer> ranks = ranks(options.selection());
        CellCompiler here = compiler();
        CompiledCell cell = here.compile(source);
        Optional<IllegalStateException> missing = missing(cell, ranks);
        if (missing.isPresent()) {
            send(cell, List.of(), Map.of(), event -> {});
            throw missing.get();
        }
        Deadline deadline = new Deadline(ranks, options, listener);
        List<Reply> replies;
        stoppedIn = "";
        running = deadline;
        try (deadline) {
            replies = send(cell, ranks, pushed, deadline::hear);
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
        Deadline now = running;
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
        List<Reply> replies = line.ask(new Request.Cell(program, ranks, pushed, fresh), hearing);
        cell.shipped();
        boolean broken = false;
        for (int rank = 0; rank < replies.size(); rank++) {
            if (replies.get(rank) instanceof Reply.CellRan ran) {
                note(cell, rank, ran.outcome());
                broken |= ran.outcome().failure().isPresent() || ran.outcome().cancelled();
            }
        }
        freshGroup = broken;
        return replies;
    }

    private void note(CompiledCell cell, int rank, CellOutcome outcome) {
        List<CellProgram.Step> steps = cell.program().steps();
        for (int done = 0; done < steps.size(); done++) {
            if (!steps.get(done).declares().isEmpty()) {
                Set<Integer> having = holders.computeIfAbsent(steps.get(done).type(), type -> new TreeSet<>());
                if (done < outcome.stepsDone()) {
                    having.add(rank);
                }
            }
        }
    }

    /** The refusal of a cell for ranks on which a variable that it needs was never given a value. */
    private Optional<IllegalStateException> missing(CompiledCell cell, List<Integer> ranks) {
        for (String used : cell.uses()) {
            Set<Integer> having = holders.get(used);
            if (having == null) {
                continue;
            }
            List<Integer> without =
                    ranks.stream().filter(rank -> !having.contains(rank)).toList();
            if (!without.isEmpty()) {
                String name = compiler().variables().stream()
                        .filter(field -> field.holder().equals(used))
                        .map(RemoteVariable.Field::name)
                        .findFirst()
                        .orElse("a variable");
                return Optional.of(new IllegalStateException(name + " has no value on "
                        + FailureCard.ranks(without) + ": the cell that declares it "
                        + (having.isEmpty()
                                ? "did not get that far"
                                : "ran on " + FailureCard.ranks(List.copyOf(having)) + " only")
                        + "; run that cell there as well, or `%shard push`"));
            }
        }
        return Optional.empty();
    }

    private Outcome outcome(CompiledCell cell, List<Reply> replies) {
        List<RankRow> rows = new ArrayList<>();
        List<Failure> failures = new ArrayList<>();
        for (int rank = 0; rank < replies.size(); rank++) {
            if (replies.get(rank) instanceof Reply.CellRan ran && ran.outcome().selected()) {
                CellOutcome outcome = ran.outcome();
                String role = Failures.role(placed.get(), rank);
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
        List<Integer> ranks = ranks(selection);
        List<RemoteVariable.Field> fields = compiler().variables();
        List<Reply> replies = fields.isEmpty() ? List.of() : line.ask(new Request.Variables(fields), event -> {});
        List<VariableRow> rows = new ArrayList<>();
        for (int index = 0; index < fields.size(); index++) {
            RemoteVariable.Field field = fields.get(index);
            for (int rank : ranks) {
                boolean having = holders.getOrDefault(field.holder(), Set.of()).contains(rank);
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
                array ? Optional.of(Pulled.shape(held.shape())) : Optional.empty(),
                array ? Optional.of(held.elementType()) : Optional.empty(),
                held.device(),
                held.numBytes() < 0 ? OptionalLong.empty() : OptionalLong.of(held.numBytes()),
                Optional.of(held.text()));
    }

    @Override
    public List<VariableRow> push(Map<String, Object> values, Selection selection) {
        StringBuilder source = new StringBuilder();
        Map<String, RemoteValue> sent = new LinkedHashMap<>();
        long total = 0;
        for (Map.Entry<String, Object> entry : values.entrySet()) {
            String name = entry.getKey();
            requireName(name);
            RemoteValue value;
            try {
                value = RemoteValue.of(entry.getValue());
            } catch (IllegalArgumentException refused) {
                throw new IllegalArgumentException("push: " + name + ": " + refused.getMessage(), refused);
            }
            total += value.bytes().length;
            sent.put(name, value);
            source.append(value.javaType())
                    .append(' ')
                    .append(name)
                    .append(" = (")
                    .append(value.javaType());
            source.append(") io.shardlab.cell.Here.pushed(\"").append(name).append("\");\n");
        }
        if (total > RemoteValue.MOST_BYTES) {
            throw new IllegalArgumentException("push: values of " + total + " bytes together are over the limit of "
                    + (RemoteValue.MOST_BYTES >> 20) + " MiB; push them one by one");
        }
        Outcome outcome = run(CellOptions.on(selection), source.toString(), sent, Listener.SILENT);
        if (!outcome.failures().isEmpty()) {
            throw new FailedWorkers(outcome.failures());
        }
        return variables(selection).stream()
                .filter(row -> sent.containsKey(row.name()))
                .toList();
    }

    private static void requireName(String name) {
        if (!SourceVersion.isIdentifier(name) || SourceVersion.isKeyword(name)) {
            throw new IllegalArgumentException("push: '" + name + "' is not a name that Java allows");
        }
        if (PREDEFINED.contains(name)) {
            throw new IllegalArgumentException("push: " + name + " is predefined; choose another name");
        }
    }

    @Override
    public List<PulledRow> pull(String name, Selection selection) {
        List<Integer> ranks = ranks(selection);
        List<RemoteVariable.Field> fields = compiler().variables();
        RemoteVariable.Field field = fields.stream()
                .filter(known -> known.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("pull: there is no variable '" + name + "'; "
                        + (fields.isEmpty()
                                ? "no cell has declared any"
                                : "there are "
                                        + String.join(
                                                ", ",
                                                fields.stream()
                                                        .map(RemoteVariable.Field::name)
                                                        .toList()))));
        List<Integer> without = ranks.stream()
                .filter(rank -> !holders.getOrDefault(field.holder(), Set.of()).contains(rank))
                .toList();
        if (!without.isEmpty()) {
            throw new IllegalArgumentException("pull: " + name + " has no value on " + FailureCard.ranks(without));
        }
        List<PulledRow> rows = new ArrayList<>();
        List<Reply> replies = line.ask(new Request.Pull(field, ranks), event -> {});
        for (int rank : ranks) {
            Reply.Pulled pulled = (Reply.Pulled) replies.get(rank);
            if (pulled.problem().isPresent()) {
                throw new IllegalArgumentException(
                        "pull: rank " + rank + ": " + pulled.problem().get());
            }
            RemoteValue value = pulled.value().orElseThrow();
            rows.add(new PulledRow(rank, value.javaType(), value.shape(), value.value(), value.text()));
        }
        return rows;
    }

    /** Hears a running cell, and asks its ranks to stop when its time is over. */
    private final class Deadline implements AutoCloseable {

        private final List<Integer> ranks;
        private final CellOptions options;
        private final Listener listener;
        private final Set<Integer> answered = new TreeSet<>();
        private final List<String> late = new ArrayList<>();
        private final Optional<java.util.concurrent.Future<?>> alarm;

        Deadline(List<Integer> ranks, CellOptions options, Listener listener) {
            this.ranks = ranks;
            this.options = options;
            this.listener = listener;
            this.alarm = options.timeout()
                    .map(limit -> java.util.concurrent.CompletableFuture.runAsync(
                            this::ring,
                            java.util.concurrent.CompletableFuture.delayedExecutor(
                                    limit.toNanos(), java.util.concurrent.TimeUnit.NANOSECONDS)));
        }

        synchronized void hear(WorkerEvent event) {
            if (event instanceof WorkerEvent.Printed printed) {
                listener.printed(printed.rank(), printed.error(), printed.text());
            } else if (event instanceof WorkerEvent.Answered ended) {
                answered.add(ended.rank());
            }
        }

        /** The ranks that still run the cell, and what they do. */
        synchronized List<String> unfinished() {
            return ranks.stream()
                    .filter(rank -> !answered.contains(rank))
                    .map(rank -> "rank " + rank + " in "
                            + cluster.status().get(rank).note().phase())
                    .toList();
        }

        private synchronized void ring() {
            late.addAll(unfinished());
            if (!late.isEmpty()) {
                cluster.cancel();
            }
        }

        synchronized void requireKept() {
            if (!late.isEmpty()) {
                throw new IllegalStateException("the cell was stopped after "
                        + options.timeout()
                                .map(limit -> limit.toMillis() / 1000.0)
                                .orElse(0.0)
                        + " s: " + String.join(", ", late)
                        + " had not ended; variables and weights are kept");
            }
        }

        @Override
        public void close() {
            running = null;
            alarm.ifPresent(set -> set.cancel(false));
        }
    }

    @Override
    public void close() {
        if (compiler != null) {
            compiler.close();
        }
    }
}
