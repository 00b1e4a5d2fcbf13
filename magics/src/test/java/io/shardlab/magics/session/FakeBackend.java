package io.shardlab.magics.session;

import io.shardlab.magics.command.ModelOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.magics.command.WorkloadChoice;
import io.shardlab.mesh.Mesh;
import io.shardlab.mesh.Selection;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.run.TrainerState;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;
import io.shardlab.trace.Timeline;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A machine of four CPU workers and a model of four heads, all in memory, the same every time. */
final class FakeBackend implements Backend {

    static final int DEVICES = 4;

    /** What was started, in order; refusals must leave it empty. */
    final List<String> started = Collections.synchronizedList(new ArrayList<>());

    final CountDownLatch training = new CountDownLatch(1);
    final CountDownLatch cancelled = new CountDownLatch(1);
    final CountDownLatch killed = new CountDownLatch(1);
    boolean trainUntilCancelled;
    boolean ignoreCancel;
    List<Failure> failures = List.of();

    private int workers;
    private @Nullable Plan placed;
    private final Schedules schedules = new Schedules();

    @Override
    public List<DeviceRow> devices() {
        return List.of(
                new DeviceRow("cpu:0", "2 cores <share>", OptionalLong.of(4L << 30), OptionalInt.of(2), true, ""));
    }

    @Override
    public Workers up(UpOptions options) {
        int count = options.workers().orElse(2);
        if (count > DEVICES) {
            throw new IllegalArgumentException(
                    "workers " + count + " is more than this machine has devices; allowed: 1 to " + DEVICES);
        }
        if (options.devices()
                .kind()
                .filter(kind -> kind == io.shardlab.mesh.Device.Kind.GPU)
                .isPresent()) {
            throw new IllegalArgumentException(
                    "devices " + options.devices() + ": this machine has no GPU; allowed: cpu");
        }
        started.add("up " + count);
        workers = count;
        List<WorkerRow> rows = new ArrayList<>();
        for (int rank = 0; rank < count; rank++) {
            rows.add(new WorkerRow(
                    rank, 4000 + rank, "cpu:" + rank, options.memoryBytes(), "PyTorch 2.7.1", 800 + rank));
        }
        return new Workers(rows, 812, false, count + " workers on CPU");
    }

    @Override
    public List<ExitRow> down(boolean now) {
        List<ExitRow> rows = new ArrayList<>();
        for (int rank = 0; rank < workers; rank++) {
            rows.add(new ExitRow(rank, 4000 + rank, "cpu:" + rank, now ? "signal 9" : "exit code 0"));
        }
        workers = 0;
        placed = null;
        return rows;
    }

    @Override
    public List<StatusRow> status() {
        List<StatusRow> rows = new ArrayList<>();
        for (int rank = 0; rank < workers; rank++) {
            rows.add(new StatusRow(
                    rank,
                    "tp=" + rank,
                    4000 + rank,
                    "cpu:" + rank,
                    "ready",
                    "0B1",
                    OptionalLong.of(300L << 20),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    Optional.empty()));
        }
        return rows;
    }

    @Override
    public Cells cells() {
        if (workers == 0) {
            throw new IllegalStateException("no workers; `%shard up` starts some");
        }
        return new FakeCells(workers, started);
    }

    @Override
    public List<LogLine> logs(Selection selection, int linesPerRank) {
        if (workers == 0) {
            throw new IllegalStateException("no workers; `%shard up` starts some");
        }
        return selection.ranks(new Mesh(1, 1, workers)).stream()
                .map(rank -> new LogLine(rank, "line of <rank> " + rank))
                .toList();
    }

    @Override
    public ModelOutcome model(ModelOptions options) {
        started.add("model " + options.name());
        PartRow part = new PartRow(0, "Linear 4→2 <b>", "[4]", "[2]", 10, 100);
        return new ModelOutcome(options.name(), "cross-entropy", workers > 0, workers > 0 ? List.of(part) : List.of());
    }

    @Override
    public List<ModelRow> models() {
        return List.of(new ModelRow("tiny", "llama", FakePlans.LAYERS, 64, 4, 4, 256, 512, 1_000_000));
    }

    private static Plan make(PlanOptions options) {
        if (options.model().startsWith("/")) {
            throw new IllegalArgumentException("model folder " + options.model() + " is not there");
        }
        if (!options.model().equals("tiny")) {
            throw new IllegalArgumentException("unknown model '" + options.model() + "'; presets: tiny");
        }
        options.weights().ifPresent(path -> {
            throw new IllegalArgumentException("weights folder " + path + " is not there");
        });
        Scheme scheme = options.scheme().orElse(Scheme.SINGLE);
        if (scheme.tensor() > 4
                || (4 % scheme.tensor() != 0 && !options.options().uneven())) {
            throw new IllegalArgumentException(
                    "tp=" + scheme.tensor() + " does not split 4 heads evenly; allowed: tp = 1, 2, 4, or --uneven");
        }
        if (scheme.pipeline() > FakePlans.LAYERS) {
            throw new IllegalArgumentException(
                    "pp=" + scheme.pipeline() + " is more than " + FakePlans.LAYERS + " layers");
        }
        return FakePlans.tiny(
                scheme,
                options.workload().forModel(512, scheme),
                options.schedule().orElse("1f1b"));
    }

    @Override
    public Estimate plan(PlanOptions options) {
        Plan plan = make(options);
        List<RankEstimate> ranks = new ArrayList<>();
        for (int rank = 0; rank < plan.mesh().size(); rank++) {
            MemoryUse use = use(rank);
            boolean fits = use.totalBytes() <= options.memoryBytes().orElse(Long.MAX_VALUE);
            ranks.add(new RankEstimate(
                    rank,
                    plan.mesh().role(rank),
                    "cpu:" + rank,
                    plan.stages().get(plan.mesh().coordinates(rank).pipeline()).label(),
                    250_000,
                    use,
                    options.memoryBytes(),
                    Map.of("tp all_reduce", 3L << 20, "pp send", 1L << 20),
                    fits));
        }
        return new Estimate(
                plan,
                ranks,
                OptionalDouble.of(20),
                OptionalDouble.of(41.5),
                OptionalDouble.of(24_000),
                OptionalDouble.empty(),
                ranks.stream().allMatch(RankEstimate::fits) ? List.of() : List.of("does not fit; cheapest fix: tp=2"),
                Optional.of(FakePlans.timeline(plan, 0, true)));
    }

    private static MemoryUse use(int rank) {
        return new MemoryUse(
                rank,
                Map.of(
                        MemoryCategory.WEIGHTS, 40L << 20,
                        MemoryCategory.GRADIENTS, 40L << 20,
                        MemoryCategory.OPTIMIZER, 80L << 20,
                        MemoryCategory.ACTIVATIONS, (60L - 12 * rank) << 20,
                        MemoryCategory.COMMUNICATION, 4L << 20,
                        MemoryCategory.HEAP, 24L << 20,
                        MemoryCategory.OTHER, 120L << 20));
    }

    static List<MemoryRow> memoryRows(Plan plan) {
        List<MemoryRow> rows = new ArrayList<>();
        for (int rank = 0; rank < plan.mesh().size(); rank++) {
            rows.add(new MemoryRow(
                    rank,
                    plan.mesh().role(rank),
                    "cpu:" + rank,
                    use(rank),
                    Optional.of(use(rank)),
                    OptionalLong.empty()));
        }
        return rows;
    }

    @Override
    public Optional<Plan> placed() {
        return Optional.ofNullable(placed);
    }

    private Plan current() {
        Plan plan = placed;
        if (plan == null) {
            throw new IllegalStateException("no model is placed");
        }
        return plan;
    }

    @Override
    public PlaceOutcome place(PlanOptions options) {
        Plan plan = make(options);
        if (plan.mesh().size() > Math.max(workers, DEVICES)) {
            throw new IllegalArgumentException(
                    "scheme " + plan.scheme() + " needs " + plan.mesh().size() + " workers; there are " + workers);
        }
        started.add("place " + plan.model() + " " + plan.scheme());
        placed = plan;
        return new PlaceOutcome(
                plan,
                List.of(new PlacedRow(
                        0,
                        "single",
                        "cpu:0",
                        "layers 0–7",
                        "all",
                        1_000_000,
                        OptionalLong.of(4 << 20),
                        OptionalLong.of(4 << 20))),
                123);
    }

    @Override
    public TrainOutcome train(TrainRequest request, Progress progress) {
        Plan plan = current();
        started.add("train " + request.settings().steps());
        if (!failures.isEmpty()) {
            throw new FailedWorkers(failures);
        }
        Plan ran = FakePlans.tiny(
                plan.scheme(), request.workload(), plan.schedule().name());
        List<StepMetrics> metrics = new ArrayList<>();
        for (int step = 0; step < request.settings().steps(); step++) {
            StepMetrics done = metrics(step, request.workload());
            metrics.add(done);
            progress.step(done);
            progress.memory(use(0));
            if (trainUntilCancelled && step == 2) {
                training.countDown();
                awaitStop();
                break;
            }
        }
        return new TrainOutcome(
                ran,
                metrics.size(),
                trainUntilCancelled,
                metrics,
                FakePlans.timeline(ran, metrics.size() - 1, false),
                FakePlans.timeline(ran, metrics.size() - 1, false),
                memoryRows(ran),
                OptionalDouble.of(20.5),
                OptionalDouble.of(8.25),
                OptionalDouble.of(40),
                OptionalDouble.of(25_000),
                List.of(new TimeTerm("compute", OptionalDouble.of(30), OptionalDouble.of(31))),
                List.of(new Traffic(
                        "tp",
                        "all_reduce",
                        OptionalLong.of(64),
                        OptionalLong.of(1 << 20),
                        OptionalLong.of(64),
                        OptionalLong.of(1 << 20))),
                Map.of("cores", 2, "simulated", false));
    }

    static StepMetrics metrics(int step, Plan.Workload workload) {
        double millis = 40 + (step * 7) % 5;
        double loss = 2 + 3.5 * Math.exp(-step / 6.0) + 0.05 * Math.sin(step * 1.7);
        return new StepMetrics(step, loss, 1, 1e-3, millis, workload.tokens() * 1000 / millis);
    }

    private void awaitStop() {
        try {
            (ignoreCancel ? killed : cancelled).await();
        } catch (InterruptedException impossible) {
            throw new AssertionError("nobody interrupts the worker", impossible);
        }
    }

    @Override
    public FilesOutcome save(Path folder, Progress progress) {
        TrainerState state = TrainerState.of(current(), 3, Optional.empty());
        started.add("save " + folder);
        progress.progress("saving", 1, 2);
        return new FilesOutcome(folder, state, List.of(new FileRow("model.safetensors", 4 << 20, 0.5)));
    }

    @Override
    public FilesOutcome load(Path folder, Progress progress) {
        TrainerState state = TrainerState.of(current(), 3, Optional.empty());
        started.add("load " + folder);
        return new FilesOutcome(folder, state, List.of(new FileRow("model.safetensors", 4 << 20, 0.25)));
    }

    @Override
    public void requireSavable(Path folder) {
        if (folder.equals(Path.of("/"))) {
            throw new IllegalArgumentException("'/' cannot be replaced by a checkpoint");
        }
    }

    @Override
    public TrainerState saved(Path folder) {
        throw new IllegalArgumentException("checkpoint '" + folder + "' is not there");
    }

    @Override
    public InferOutcome infer(List<Integer> prompt, int maxNew, TokenListener listener) {
        List<Integer> tokens = new ArrayList<>();
        List<Double> millis = new ArrayList<>();
        byte[] answer = "grün <b>".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        for (int i = 0; i < maxNew; i++) {
            int id = answer[i % answer.length] & 0xFF;
            tokens.add(id);
            millis.add(5.0);
            listener.token(id, 5);
        }
        return new InferOutcome(tokens, 20, millis, memoryRows(current()));
    }

    @Override
    public CheckOutcome check(CheckRequest request) {
        started.add("check " + request.steps());
        List<CheckRow> rows = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            rows.add(new CheckRow(
                    "layers." + i + ".weight",
                    OptionalInt.empty(),
                    i == 0 ? "output" : "gradient",
                    i * 1e-9,
                    i * 1e-8,
                    OptionalDouble.of(i * 1e-16),
                    "rounding"));
        }
        return new CheckOutcome(current(), rows, "rounding", Optional.empty());
    }

    @Override
    public List<MemoryRow> memory(boolean resetHighWater) {
        return memoryRows(placed == null ? make(PlanOptions.of("tiny", Scheme.SINGLE)) : placed);
    }

    @Override
    public List<TrafficRow> traffic(boolean reset) {
        return List.of(
                new TrafficRow(0, "tp=0", List.of(0L, 3L << 20), Map.of("all_reduce", 2L << 20, "send", 1L << 20)),
                new TrafficRow(1, "tp=1", List.of(2L << 20, 0L), Map.of("all_reduce", 2L << 20)));
    }

    @Override
    public Timeline timeline(OptionalInt step, boolean predicted) {
        if (step.orElse(0) > 100) {
            throw new IllegalArgumentException("step " + step.getAsInt() + " was not run; allowed: 0 to 100");
        }
        return FakePlans.timeline(
                FakePlans.tiny(
                        new Scheme(1, 2, 2), WorkloadChoice.of(8, 64, 4).forModel(512, new Scheme(1, 2, 2)), "1f1b"),
                step.orElse(19),
                predicted);
    }

    @Override
    public Schedules schedules() {
        return schedules;
    }

    @Override
    public List<DoctorRow> doctor() {
        return List.of(
                new DoctorRow("JDK", "17.0.13", true, ""),
                new DoctorRow("fonts", "none", false, "apt-get install fontconfig fonts-dejavu-core"));
    }

    @Override
    public List<DoctorRow> flood(int lines) {
        return List.of(new DoctorRow("output of rank 0", lines + " of " + lines + " lines", true, ""));
    }

    @Override
    public void cancel() {
        cancelled.countDown();
    }

    @Override
    public void kill() {
        killed.countDown();
    }

    @Override
    public void close() {
        cancelled.countDown();
        killed.countDown();
    }
}
