package io.shardlab.magics.local;

import io.shardlab.cluster.Cluster;
import io.shardlab.cluster.ClusterFailure;
import io.shardlab.cluster.ClusterSpec;
import io.shardlab.cluster.WorkerEvent;
import io.shardlab.cluster.WorkerStatus;
import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.backend.Turns;
import io.shardlab.magics.backend.Workers;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.mesh.Selection;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** Starts worker JVMs on this machine, looks after them and stops them. */
final class LocalWorkers implements Workers {

    private static final int SIGNAL_BASE = 128;
    private static final int KILLED = SIGNAL_BASE + 9;

    private final Path home;
    private final Machine machine;
    private final RunningCluster cluster;
    private final PlanMaker maker;
    private final Runnable gone;
    private volatile Running running = Running.NONE;

    /** @param gone hears that there are no workers any more */
    LocalWorkers(Path home, Machine machine, RunningCluster cluster, PlanMaker maker, Runnable gone) {
        this.home = home;
        this.machine = machine;
        this.cluster = cluster;
        this.maker = maker;
        this.gone = gone;
    }

    @Override
    public Running up(UpOptions options) {
        ClusterSpec spec = machine.spec(options);
        Optional<Cluster> before =
                cluster.known().filter(known -> known.failure().isEmpty());
        if (before.isPresent()) {
            if (before.get().spec().equals(spec)) {
                return unchanged();
            }
            if (!options.replace()) {
                throw new IllegalStateException(
                        before.get().numRanks() + " workers run already under another specification; "
                                + "`%shard up … --replace` stops them first");
            }
        }
        down(false);
        long start = System.nanoTime();
        running = start(spec, start);
        return running;
    }

    private Running unchanged() {
        return new Running(running.rows(), running.readyMillis(), true, running.banner());
    }

    @Override
    public Optional<Running> unchanged(UpOptions options) {
        return cluster.known()
                .filter(known -> known.failure().isEmpty())
                .filter(known -> known.spec().equals(machine.spec(options)))
                .map(known -> unchanged());
    }

    @Override
    public Restarted restart(Selection selection, Progress progress) {
        try (Turns.Turn turn = cluster.turn("restart")) {
            return new Restart(home, cluster, maker, progress).run(selection, spec -> {
                down(false);
                running = start(spec, System.nanoTime());
                return running;
            });
        }
    }

    private Running start(ClusterSpec spec, long startNanos) {
        List<String> warnings = new ArrayList<>();
        cluster.start(spec, home, event -> {
            if (event instanceof WorkerEvent.Warned warned) {
                warnings.add(warned.text());
            }
        });
        boolean warm = false;
        try {
            requireNotStopped(cluster.askUnlessStopped(new Request.Warm(), event -> {}));
            List<Reply> replies = cluster.askUnlessStopped(new Request.Measure(), event -> {});
            requireNotStopped(replies);
            cluster.rates().measured(replies, spec.link());
            warm = true;
        } finally {
            if (!warm) {
                down(true);
            }
        }
        List<WorkerRow> rows = new ArrayList<>();
        for (WorkerStatus status : cluster.current().status()) {
            rows.add(new WorkerRow(
                    status.rank(),
                    status.pid(),
                    status.device().toString(),
                    limit(status),
                    status.note().engine().orElse(""),
                    status.readyMillis()));
        }
        double millis = (System.nanoTime() - startNanos) / 1e6;
        return new Running(rows, millis, false, machine.banner(spec, warnings));
    }

    /** A stop while workers start or are measured leaves none, rather than some of unknown speed. */
    private void requireNotStopped(List<Reply> replies) {
        if (cluster.stopping() || replies.stream().anyMatch(Reply.Cancelled.class::isInstance)) {
            throw new IllegalStateException(
                    "stopped before the workers were ready: none is left, and `%shard up` starts them");
        }
    }

    @Override
    public Optional<String> lost() {
        return cluster.known().flatMap(Cluster::failure).map(this::told);
    }

    private String told(ClusterFailure failure) {
        String how = failure.failures().stream()
                .findFirst()
                .map(first -> "rank " + first.rank() + " died (" + first.what()
                        + first.crashLog().map(log -> ", log: " + log).orElse("") + ")")
                .orElse("the workers failed (" + failure.getMessage() + ")");
        return how + "; `%shard restart` brings "
                + (cluster.placed().recipe().isPresent() ? "workers and model back" : "the workers back");
    }

    private static OptionalLong limit(WorkerStatus status) {
        return status.limitBytes().map(OptionalLong::of).orElseGet(OptionalLong::empty);
    }

    @Override
    public Optional<String> simulated() {
        return cluster.link().map(Estimates::label);
    }

    @Override
    public List<ExitRow> down(boolean now) {
        Optional<Cluster> taken = cluster.take();
        gone.run();
        List<ExitRow> rows = new ArrayList<>();
        if (taken.isEmpty()) {
            return rows;
        }
        Cluster before = taken.get();
        List<WorkerStatus> last = before.status();
        if (now) {
            before.kill();
        }
        List<Integer> codes = before.stop();
        before.close();
        for (WorkerStatus status : last) {
            boolean ended = status.state() == WorkerStatus.State.DEAD;
            String exit = exit(codes.get(status.rank()), ended, now);
            rows.add(new ExitRow(status.rank(), status.pid(), status.device().toString(), exit));
        }
        return rows;
    }

    /**
     * How a worker ended, in words.
     *
     * @param before whether it had ended before it was to
     * @param now whether it was to end at once
     */
    static String exit(int code, boolean before, boolean now) {
        if (code == KILLED && !before) {
            return now
                    ? "stopped (killed at once)"
                    : String.format(Locale.ROOT, "stopped (killed after %.1f s)", Cluster.STOP_MILLIS / 1000.0);
        }
        return code > SIGNAL_BASE ? "signal " + (code - SIGNAL_BASE) : "exit code " + code;
    }

    @Override
    public List<StatusRow> status() {
        Optional<Cluster> known = cluster.known();
        if (known.isEmpty()) {
            return List.of();
        }
        List<StatusRow> rows = new ArrayList<>();
        for (WorkerStatus status : known.get().status()) {
            boolean alive = status.state() != WorkerStatus.State.DEAD;
            rows.add(new StatusRow(
                    status.rank(),
                    cluster.role(status.rank()),
                    status.pid(),
                    status.device().toString(),
                    status.state().name().toLowerCase(Locale.ROOT),
                    status.lastAction(),
                    alive ? known(status.rssBytes()) : OptionalLong.empty(),
                    alive ? known(status.note().heapBytes()) : OptionalLong.empty(),
                    limit(status),
                    status.lastError()));
        }
        return rows;
    }

    /** A process that runs uses some memory: zero says that nobody has looked. */
    private static OptionalLong known(long bytes) {
        return bytes > 0 ? OptionalLong.of(bytes) : OptionalLong.empty();
    }

    @Override
    public List<LogLine> logs(Selection selection, int linesPerRank) {
        Cluster known = cluster.current();
        List<LogLine> lines = new ArrayList<>();
        for (int rank : cluster.ranks(selection)) {
            List<String> all = known.logs(rank);
            all.subList(Math.max(0, all.size() - linesPerRank), all.size())
                    .forEach(line -> lines.add(new LogLine(rank, line)));
        }
        return lines;
    }
}
