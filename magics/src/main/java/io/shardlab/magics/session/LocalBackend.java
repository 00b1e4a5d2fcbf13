package io.shardlab.magics.session;

import io.shardlab.cluster.Cluster;
import io.shardlab.cluster.ClusterFailure;
import io.shardlab.cluster.ClusterSpec;
import io.shardlab.cluster.Devices;
import io.shardlab.cluster.WorkerEvent;
import io.shardlab.cluster.WorkerStatus;
import io.shardlab.cost.Hardware;
import io.shardlab.cost.MemoryEstimate;
import io.shardlab.cost.StepEstimate;
import io.shardlab.magics.command.ModelOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.magics.command.WorkloadChoice;
import io.shardlab.mesh.Link;
import io.shardlab.mesh.Mesh;
import io.shardlab.mesh.Selection;
import io.shardlab.model.BlockSpec;
import io.shardlab.model.Model;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.model.Presets;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.run.Checkpoints;
import io.shardlab.run.Event;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.StopSignal;
import io.shardlab.run.TrainerState;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.Timeline;
import io.shardlab.weights.CheckpointFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Worker JVMs on this machine. */
final class LocalBackend implements Backend {

    private final Path home;
    private final Devices machine = Devices.here();
    private volatile @Nullable Cluster cluster;
    private volatile @Nullable Hardware measured;
    private volatile Consumer<WorkerEvent> listener = event -> {};
    private final Map<String, Hardware> calibrations = new HashMap<>();
    private Workers running = new Workers(List.of(), 0, true, "no workers");
    private final UserModels userModels = new UserModels();
    private @Nullable Model model;
    private @Nullable Plan placed;
    private int stepsTrained;
    private final Schedules schedules = new Schedules();
    private Optional<TrainerState.RunState> lastTraining = Optional.empty();
    /** Whether the user has asked to stop since the last verb that asks the workers more than once began. */
    private volatile boolean stopping;

    private @Nullable TrainingRecord lastRun;
    private volatile @Nullable LocalCells cells;

    LocalBackend(Path home) {
        this.home = home;
    }

    @Override
    public List<DeviceRow> devices() {
        return new Machine(machine).rows();
    }

    @Override
    public List<DoctorRow> doctor() {
        return new Machine(machine).doctor();
    }

    @Override
    public List<DoctorRow> flood(int lines) {
        List<LineCount> counts = IntStream.range(0, current().numRanks())
                .mapToObj(LineCount::new)
                .toList();
        ask(new Request.Print(lines), event -> {
            if (event instanceof WorkerEvent.Printed printed && !printed.error()) {
                counts.get(printed.rank()).hear(printed.text());
            }
        });
        return counts.stream().map(count -> count.row(lines)).toList();
    }

    @Override
    public Schedules schedules() {
        return schedules;
    }

    @Override
    public Workers up(UpOptions options) {
        ClusterSpec spec = new Machine(machine).spec(options);
        Cluster before = cluster;
        if (before != null && before.failure().isEmpty()) {
            if (before.spec().equals(spec)) {
                return new Workers(running.rows(), running.readyMillis(), true, running.banner());
            }
            if (!options.replace()) {
                throw new IllegalStateException(before.numRanks() + " workers run already under another specification; "
                        + "`%shard up … --replace` stops them first");
            }
        }
        down(false);
        long start = System.nanoTime();
        running = start(spec, start);
        return running;
    }

    private Workers start(ClusterSpec spec, long startNanos) {
        List<String> warnings = new ArrayList<>();
        listener = event -> {
            if (event instanceof WorkerEvent.Warned warned) {
                warnings.add(warned.text());
            }
        };
        try {
            Cluster started = Cluster.start(spec, home, event -> listener.accept(event));
            cluster = started;
        } catch (ClusterFailure failure) {
            throw failed(failure);
        } catch (IOException e) {
            throw new IllegalStateException("workers could not be started: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("workers were not started: interrupted", e);
        }
        boolean warm = false;
        try {
            ask(new Request.Warm(), event -> {});
            List<Reply> rates = ask(new Request.Measure(), event -> {});
            measured = over(spec.link(), Estimates.hardware(rates));
            warm = true;
        } finally {
            if (!warm) {
                down(true);
            }
        }
        List<WorkerRow> rows = new ArrayList<>();
        for (WorkerStatus status : current().status()) {
            rows.add(new WorkerRow(
                    status.rank(),
                    status.pid(),
                    status.device().toString(),
                    optional(status.limitBytes()),
                    status.note().engine().orElse(""),
                    status.readyMillis()));
        }
        double millis = (System.nanoTime() - startNanos) / 1e6;
        return new Workers(rows, millis, false, new Machine(machine).banner(spec, warnings));
    }

    /** Measured latencies hold a simulated link's and the machine's own; its rate is the link's. */
    private static Hardware over(Optional<Link> link, Hardware rates) {
        return link.map(line -> new Hardware(
                        rates.flopsPerSecond(),
                        line.bytesPerSecond(),
                        Math.max(line.latencyNanos(), rates.latencyNanos()),
                        Hardware.CHUNK_BYTES))
                .orElse(rates);
    }

    @Override
    public Optional<String> simulated() {
        return runningLink().map(Estimates::label);
    }

    private Optional<Link> runningLink() {
        Cluster known = cluster;
        return known == null ? Optional.empty() : known.spec().link();
    }

    private static OptionalLong optional(Optional<Long> value) {
        return value.map(OptionalLong::of).orElseGet(OptionalLong::empty);
    }

    private Cluster current() {
        Cluster known = cluster;
        if (known == null) {
            throw new IllegalStateException("no workers; `%shard up` starts some");
        }
        return known;
    }

    /** Asks all ranks and gives their replies; {@link FailedWorkers} where one failed. */
    private List<Reply> ask(Request request, Consumer<WorkerEvent> hearing) {
        return ask(request, hearing, () -> false);
    }

    /** The same, unless the user has asked to stop while the workers had nothing to do and could not hear it. */
    private List<Reply> askUnlessStopped(Request request, Consumer<WorkerEvent> hearing) {
        return ask(request, hearing, () -> stopping);
    }

    private List<Reply> ask(Request request, Consumer<WorkerEvent> hearing, BooleanSupplier stopped) {
        Cluster asked = current();
        Optional<ClusterFailure> before = asked.failure();
        if (before.isPresent()) {
            throw failed(before.get());
        }
        listener = hearing;
        try {
            Future<List<Reply>> submitted = asked.submit(request);
            if (stopped.getAsBoolean()) {
                asked.cancel();
            }
            List<Reply> replies = submitted.get();
            List<Failure> failures = Failures.of(replies, asked.status(), mesh());
            if (!failures.isEmpty()) {
                throw new FailedWorkers(failures);
            }
            return replies;
        } catch (java.util.concurrent.ExecutionException e) {
            if (e.getCause() instanceof ClusterFailure failure) {
                throw failed(failure);
            }
            throw new IllegalStateException(String.valueOf(e.getCause()), e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        } finally {
            listener = event -> {};
        }
    }

    private RuntimeException failed(ClusterFailure failure) {
        List<Failure> failures = Failures.of(failure, mesh());
        placed = null;
        return failures.isEmpty()
                ? new IllegalStateException(failure.getMessage(), failure)
                : new FailedWorkers(failures);
    }

    private Optional<Mesh> mesh() {
        return placed().map(Plan::mesh);
    }

    @Override
    public List<ExitRow> down(boolean now) {
        Cluster before = cluster;
        cluster = null;
        placed = null;
        model = null;
        closeCells();
        measured = null;
        calibrations.clear();
        userModels.forgetDescriptions();
        List<ExitRow> rows = new ArrayList<>();
        if (before == null) {
            return rows;
        }
        List<WorkerStatus> last = before.status();
        if (now) {
            before.kill();
        }
        List<Integer> codes = before.stop();
        before.close();
        for (WorkerStatus status : last) {
            int code = codes.get(status.rank());
            String exit = code > 128 ? "signal " + (code - 128) : "exit code " + code;
            rows.add(new ExitRow(status.rank(), status.pid(), status.device().toString(), exit));
        }
        return rows;
    }

    @Override
    public List<StatusRow> status() {
        Cluster known = cluster;
        if (known == null) {
            return List.of();
        }
        Optional<Mesh> mesh = mesh();
        List<StatusRow> rows = new ArrayList<>();
        for (WorkerStatus status : known.status()) {
            boolean alive = status.state() != WorkerStatus.State.DEAD;
            rows.add(new StatusRow(
                    status.rank(),
                    Failures.role(mesh, status.rank()),
                    status.pid(),
                    status.device().toString(),
                    status.state().name().toLowerCase(java.util.Locale.ROOT),
                    status.lastAction(),
                    alive ? OptionalLong.of(status.rssBytes()) : OptionalLong.empty(),
                    alive ? OptionalLong.of(status.note().heapBytes()) : OptionalLong.empty(),
                    optional(status.limitBytes()),
                    status.lastError()));
        }
        return rows;
    }

    @Override
    public List<LogLine> logs(Selection selection, int linesPerRank) {
        Cluster known = current();
        List<LogLine> lines = new ArrayList<>();
        Mesh shape = mesh().filter(mesh -> mesh.size() == known.numRanks()).orElse(new Mesh(1, 1, known.numRanks()));
        for (int rank : selection.ranks(shape)) {
            List<String> all = known.logs(rank);
            all.subList(Math.max(0, all.size() - linesPerRank), all.size())
                    .forEach(line -> lines.add(new LogLine(rank, line)));
        }
        return lines;
    }

    @Override
    public List<ModelRow> models() {
        return Presets.all().stream()
                .map(spec -> new ModelRow(
                        spec.name(),
                        "llama",
                        spec.numLayers(),
                        spec.hiddenSize(),
                        spec.numHeads(),
                        spec.numKeyValueHeads(),
                        spec.vocabularySize(),
                        spec.maxSequence(),
                        spec.numParameters()))
                .toList();
    }

    @Override
    public ModelOutcome model(ModelOptions options) {
        UserModels.Written written = userModels.write(options);
        Plan before = placed;
        if (options.text().isPresent() && before != null && before.model().equals(written.name())) {
            // The weights on the workers are those of the model that the cell wrote before.
            placed = null;
        }
        if (options.text().isPresent()) {
            calibrations.remove(written.name());
        }
        if (cluster == null) {
            return new ModelOutcome(written.name(), written.loss().toString(), false, List.of());
        }
        BlockSpec spec = describe(written);
        double all = spec.units().stream().mapToDouble(BlockSpec.Unit::flops).sum();
        List<PartRow> rows = new ArrayList<>();
        for (BlockSpec.Unit unit : spec.units()) {
            rows.add(new PartRow(
                    rows.size(),
                    unit.label(),
                    unit.input().toString(),
                    unit.output().toString(),
                    unit.parameters().stream()
                            .mapToLong(parameter -> parameter.shape().numElements())
                            .sum(),
                    100 * unit.flops() / all));
        }
        return new ModelOutcome(spec.name(), spec.loss().toString(), true, rows);
    }

    private BlockSpec describe(UserModels.Written written) {
        if (cluster == null) {
            throw new IllegalStateException("model " + written.name()
                    + " is a block of this notebook, which a worker must run once before it can be planned; `%shard up`"
                    + " starts workers");
        }
        return userModels.describe(written, request -> ask(request, event -> {}));
    }

    private Model resolve(PlanOptions options) {
        Optional<UserModels.Written> written = userModels.find(options.model());
        if (written.isPresent()) {
            return describe(written.get());
        }
        try {
            if (options.model().indexOf('\0') < 0) {
                CheckpointFolder.settle(Path.of(options.model()));
            }
            return Presets.resolve(options.model());
        } catch (IOException e) {
            throw new IllegalArgumentException("model '" + options.model() + "' cannot be read: " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw userModels.names().isEmpty()
                    ? e
                    : new IllegalArgumentException(
                            e.getMessage() + " nor a model of this notebook (" + String.join(", ", userModels.names())
                                    + ")",
                            e);
        }
    }

    private Plan make(Model spec, PlanOptions options) {
        Scheme scheme = options.scheme().orElse(Scheme.SINGLE);
        ScheduleRule rule = schedules.rule(
                options.schedule().orElse("1f1b"), options.options().chunks());
        Planner.Settings settings = new Planner.Settings(
                options.type().orElse(TensorType.FLOAT32),
                workload(spec, options.workload(), scheme),
                rule.name(),
                options.seed().orElse(0),
                options.options().withChunks(rule.chunks()));
        return spec.plan(scheme, settings, rule);
    }

    private static Plan.Workload workload(Model model, WorkloadChoice choice, Scheme scheme) {
        return model instanceof ModelSpec decoder
                ? choice.forModel(decoder.maxSequence(), scheme)
                : choice.forSamples(scheme);
    }

    /** Rates for a model: from its last run, else from matrix products alone. */
    private Hardware calibrated(String name, Hardware rates) {
        return calibrations.getOrDefault(name, rates);
    }

    private Estimates estimates(PlanOptions options) {
        Cluster known = cluster;
        OptionalLong limit = options.memoryBytes().isPresent() || known == null
                ? options.memoryBytes()
                : optional(known.spec().memoryBytes());
        List<String> devices = known == null
                ? List.of()
                : known.spec().devices().stream().map(Object::toString).toList();
        return new Estimates(
                Optional.ofNullable(measured)
                        .map(rates -> calibrated(options.model(), rates))
                        .map(rates -> options.link().map(rates::over).orElse(rates)),
                limit,
                options.pricePerHour(),
                devices,
                options.link().or(this::runningLink));
    }

    @Override
    public Estimate plan(PlanOptions options) {
        Model spec = resolve(options);
        Estimates estimates = estimates(options);
        return estimates.of(make(spec, options), scheme -> make(spec, withScheme(options, scheme)), options.devices());
    }

    private static PlanOptions withScheme(PlanOptions options, Scheme scheme) {
        boolean pipelined = scheme.pipeline() > 1;
        return new PlanOptions(
                options.model(),
                Optional.of(scheme),
                pipelined ? options.workload() : options.workload().withSchedule(Optional.empty()),
                options.type(),
                options.options()
                        .withChunks(pipelined ? options.options().chunks() : 1)
                        .withSequenceParallel(options.options().sequenceParallel() && scheme.tensor() > 1)
                        .withZero(scheme.data() > 1 ? options.options().zero() : 0),
                options.seed(),
                options.weights(),
                OptionalInt.empty(),
                options.memoryBytes(),
                OptionalDouble.empty(),
                options.link());
    }

    @Override
    public Optional<Plan> placed() {
        return Optional.ofNullable(placed);
    }

    @Override
    public PlaceOutcome place(PlanOptions options) {
        Model spec = resolve(options);
        Plan plan = make(spec, options);
        if (cluster == null) {
            throw new IllegalStateException("no workers; `%shard up -n "
                    + plan.mesh().size() + "` starts the ones that " + plan.scheme() + " needs");
        }
        if (plan.mesh().size() > current().numRanks()) {
            throw new IllegalArgumentException(plan.scheme() + " needs "
                    + plan.mesh().size() + " workers; there are " + current().numRanks() + " (`%shard up -n "
                    + plan.mesh().size() + " --replace`)");
        }
        Estimate estimate = plan(options);
        if (!estimate.ranks().stream().allMatch(RankEstimate::fits)) {
            throw new IllegalArgumentException(String.join(" ", estimate.advice()));
        }
        Optional<String> weights = options.weights()
                .or(() -> spec instanceof ModelSpec decoder ? decoder.weights() : Optional.empty())
                .map(path -> path.toAbsolutePath().toString());
        long start = System.nanoTime();
        placed = null;
        lastRun = null;
        List<Reply> replies = ask(new Request.Place(plan, weights), event -> {});
        placed = plan;
        model = spec;
        stepsTrained = 0;
        lastTraining = Optional.empty();
        List<PlacedRow> rows = new ArrayList<>();
        for (RankEstimate rank : estimate.ranks()) {
            MemoryUse use = ((Reply.Done) replies.get(rank.rank())).memory();
            rows.add(new PlacedRow(
                    rank.rank(),
                    rank.role(),
                    current().spec().devices().get(rank.rank()).toString(),
                    rank.layers(),
                    Estimates.cut(plan, rank.rank()),
                    rank.parameters(),
                    Estimates.weightBytes(rank.memory()),
                    Estimates.weightBytes(use)));
        }
        return new PlaceOutcome(plan, rows, (System.nanoTime() - start) / 1e6);
    }

    @Override
    public TrainOutcome train(TrainRequest request, Progress progress) {
        Plan plan = required();
        stopping = false;
        Plan running = replan(plan, request.workload(), request.schedule());
        TrainingRecord record = new TrainingRecord(running, progress);
        lastRun = record;
        List<Reply> replies = trained(request, running, record, progress);
        List<MemoryRow> memory = memoryRows(running, TrainingRecord.memory(replies));
        if (memory.isEmpty()) {
            memory = memory(false);
        }
        Hardware rates = measured;
        Optional<StepEstimate> before =
                Optional.ofNullable(rates).map(known -> StepEstimate.of(running, calibrated(plan.model(), known)));
        TrainOutcome outcome = record.outcome(replies, memory, before, new Machine(machine).environment(current()));
        if (rates != null && !outcome.cancelled()) {
            calibrations.put(plan.model(), Estimates.calibrated(rates, running, record.computeMillis()));
        }
        return outcome;
    }

    /** Trains from one save to the next; replies are those to the whole run. */
    private List<Reply> trained(TrainRequest request, Plan running, TrainingRecord record, Progress progress) {
        int firstStep = stepsTrained - request.done();
        lastTraining = Optional.of(new TrainerState.RunState(
                request.settings(),
                firstStep,
                request.workload(),
                new TrainerState.Text(
                        request.source(), String.valueOf(request.tokens().getFileName()))));
        List<Reply> replies = List.of();
        int done = request.done();
        while (done < request.settings().steps()) {
            int until = request.nextStop(done);
            try {
                replies = TrainingRecord.joined(
                        replies,
                        askUnlessStopped(
                                new Request.Train(
                                        running,
                                        request.settings(),
                                        request.tokens().toString(),
                                        firstStep,
                                        done,
                                        until),
                                record::hear));
            } finally {
                stepsTrained = firstStep + request.done() + record.metrics().size();
            }
            done = until;
            if (replies.stream().anyMatch(Reply.Cancelled.class::isInstance)) {
                return replies;
            }
            if (request.save().isPresent()) {
                try {
                    checkpoint(progress).save(request.save().get(), state());
                    progress.saved(done);
                } catch (StopSignal.CancelledRun stopped) {
                    int steps = record.metrics().size();
                    return replies.stream()
                            .<Reply>map(reply -> new Reply.Cancelled(steps))
                            .toList();
                }
            }
        }
        return replies;
    }

    private TrainerState state() {
        return TrainerState.of(required(), stepsTrained, lastTraining);
    }

    private Optional<ModelSpec> decoder() {
        return model instanceof ModelSpec spec ? Optional.of(spec) : Optional.empty();
    }

    private PlacedCheckpoint checkpoint(Progress progress) {
        return new PlacedCheckpoint(required(), decoder(), this::askUnlessStopped, progress, () -> stopping);
    }

    @Override
    public FilesOutcome save(Path folder, Progress progress) {
        stopping = false;
        try {
            return checkpoint(progress).save(folder, state());
        } catch (StopSignal.CancelledRun stopped) {
            throw new IllegalStateException("the save was stopped; what was in '" + folder + "' is unchanged", stopped);
        }
    }

    @Override
    public FilesOutcome load(Path folder, Progress progress) {
        if (placed().isEmpty()) {
            saved(folder);
            throw new IllegalStateException("no model is placed to load '" + folder + "' into; `%shard place " + folder
                    + " --tp 2` lays its weights out, `%shard load " + folder
                    + "` then adds optimizer state and step, and `%shard train --resume " + folder + "` does both");
        }
        stopping = false;
        try {
            FilesOutcome outcome = checkpoint(progress).load(folder);
            stepsTrained = outcome.state().step();
            lastTraining = outcome.state().run();
            lastRun = null;
            return outcome;
        } catch (FailedWorkers partly) {
            placed = null; // Some ranks have the new weights, some the old ones.
            throw partly;
        } catch (StopSignal.CancelledRun stopped) {
            throw new IllegalStateException("the load was stopped before it began; nothing is changed", stopped);
        }
    }

    @Override
    public void requireSavable(Path folder) {
        try {
            Checkpoints.require(folder);
        } catch (IOException e) {
            throw new IllegalArgumentException("--save " + folder + " cannot be written: " + e.getMessage(), e);
        }
    }

    @Override
    public TrainerState saved(Path folder) {
        try {
            return Checkpoints.state(folder);
        } catch (IOException e) {
            throw new IllegalArgumentException("checkpoint '" + folder + "' cannot be read: " + e.getMessage(), e);
        }
    }

    /** The placed stages under another workload, and another schedule where one is asked for. */
    private Plan replan(Plan plan, Plan.Workload workload, Optional<String> schedule) {
        String name = schedule.orElse(plan.schedule().name());
        return name.equals(plan.schedule().name())
                ? Planner.replan(plan, workload, name)
                : Planner.replan(
                        plan, workload, schedules.rule(name, plan.options().chunks()));
    }

    private Plan required() {
        return placed().orElseThrow(
                        () -> new IllegalStateException("no model is placed; `%shard place MODEL` places one"));
    }

    private List<MemoryRow> memoryRows(Plan plan, List<MemoryUse> uses) {
        List<MemoryUse> planned = MemoryEstimate.of(plan).ranks();
        List<MemoryRow> rows = new ArrayList<>();
        for (MemoryUse use : uses) {
            boolean inPlan = use.rank() < plan.mesh().size();
            rows.add(new MemoryRow(
                    use.rank(),
                    inPlan ? plan.mesh().role(use.rank()) : "idle",
                    current().spec().devices().get(use.rank()).toString(),
                    use,
                    inPlan ? Optional.of(planned.get(use.rank())) : Optional.empty(),
                    optional(current().spec().memoryBytes())));
        }
        return rows;
    }

    @Override
    public InferOutcome infer(List<Integer> prompt, int maxNew, TokenListener tokens) {
        Plan plan = required();
        List<Double> millis = new ArrayList<>();
        List<Reply> replies = ask(new Request.Infer(prompt, maxNew), event -> {
            if (event instanceof WorkerEvent.Said said && said.event() instanceof Event.Token token) {
                millis.add(token.millis());
                tokens.token(token.id(), token.millis());
            }
        });
        List<Integer> generated = replies.get(0) instanceof Reply.Generated done ? done.tokens() : List.of();
        return new InferOutcome(
                generated,
                millis.isEmpty() ? 0 : millis.get(0),
                millis,
                memoryRows(plan, TrainingRecord.memory(replies)));
    }

    @Override
    public CheckOutcome check(CheckRequest request) {
        Model spec = model;
        if (spec == null) {
            throw new IllegalStateException("no model is placed; `%shard place MODEL` places one");
        }
        Plan running = replan(required(), request.workload(), request.schedule());
        return new CheckRun(spec, running, home, asked -> ask(asked, event -> {})).run(request);
    }

    @Override
    public Cells cells() {
        Cluster known = current();
        LocalCells open = cells;
        if (open == null) {
            open = new LocalCells(known, this::ask, this::mesh);
            cells = open;
        }
        return open;
    }

    private void closeCells() {
        LocalCells before = cells;
        cells = null;
        if (before != null) {
            before.close();
        }
    }

    @Override
    public List<MemoryRow> memory(boolean resetHighWater) {
        List<Reply> replies = ask(new Request.Memory(resetHighWater), event -> {});
        Plan plan = placed().orElse(null);
        List<MemoryUse> uses = TrainingRecord.memory(replies);
        if (plan != null) {
            return memoryRows(plan, uses);
        }
        return uses.stream()
                .map(use -> new MemoryRow(
                        use.rank(),
                        "-",
                        current().spec().devices().get(use.rank()).toString(),
                        use,
                        Optional.empty(),
                        optional(current().spec().memoryBytes())))
                .toList();
    }

    @Override
    public List<TrafficRow> traffic(boolean reset) {
        List<Reply> replies = ask(new Request.Traffic(reset), event -> {});
        List<TrafficRow> rows = new ArrayList<>();
        for (int rank = 0; rank < replies.size(); rank++) {
            Map<String, Map<Integer, Long>> sent = ((Reply.Sent) replies.get(rank)).bytesTo();
            long[] bytesTo = new long[replies.size()];
            Map<String, Long> byCollective = new HashMap<>();
            sent.forEach((name, bytes) -> bytes.forEach((to, count) -> {
                bytesTo[to] += count;
                byCollective.merge(name, count, Long::sum);
            }));
            rows.add(new TrafficRow(
                    rank,
                    Failures.role(mesh(), rank),
                    Arrays.stream(bytesTo).boxed().toList(),
                    byCollective));
        }
        return rows;
    }

    @Override
    public Timeline timeline(OptionalInt step, boolean predicted) {
        TrainingRecord record = lastRun;
        if (predicted) {
            Plan plan = record == null ? required() : record.plan();
            Hardware rates = measured;
            if (rates == null) {
                throw new IllegalStateException(
                        "no workers; `%shard up` starts some, and with them rates are measured");
            }
            return TrainingRecord.estimate(plan, calibrated(plan.model(), rates))
                    .timeline();
        }
        if (record == null) {
            throw new IllegalStateException("nothing was trained yet; `%shard train` records a timeline");
        }
        return record.timeline(step);
    }

    @Override
    public void cancel() {
        stopping = true;
        LocalCells open = cells;
        if (open != null) {
            open.noteStop();
        }
        Cluster known = cluster;
        if (known != null) {
            known.cancel();
        }
    }

    @Override
    public void kill() {
        Cluster known = cluster;
        if (known != null) {
            known.kill();
        }
    }

    @Override
    public void close() {
        down(false);
    }
}
