package io.shardlab.magics.session;

import io.shardlab.magics.command.CellOptions;
import io.shardlab.magics.command.CheckOptions;
import io.shardlab.magics.command.InferOptions;
import io.shardlab.magics.command.ModelOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.ScheduleOptions;
import io.shardlab.magics.command.TimelineOptions;
import io.shardlab.magics.command.TrainOptions;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.magics.command.WorkloadChoice;
import io.shardlab.mesh.Selection;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.trace.ChromeTrace;
import io.shardlab.trace.StepMetrics;
import io.shardlab.trace.Timeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import tech.tablesaw.api.Table;

/**
 * Workers and what they do: the verbs of {@code %shard} as methods, with the same names and defaults.
 *
 * <p>Methods wait and can be interrupted. They throw {@link ShardException}, whose message is the whole story in one line, for
 * everything that goes wrong. One thread at a time.
 */
public final class Lab implements AutoCloseable {

    private final Backend backend;
    private final Work work;
    private final Corpus corpus;
    private final SampleSets sampleSets;
    private final Path home;
    private final Map<String, CellRun> results = new ConcurrentHashMap<>();
    private Backend.Workers workers = new Backend.Workers(List.of(), 0, true, "no workers");

    Lab(Backend backend, Map<String, String> environment) {
        this.backend = backend;
        this.work = new Work(backend);
        this.home = home(environment);
        this.corpus = new Corpus(home, environment);
        this.sampleSets = new SampleSets(home);
    }

    /** A laboratory on this machine, without workers yet. */
    public static Lab open() {
        return new Lab(Backend.local(home(System.getenv())), System.getenv());
    }

    /** {@code SHARDLAB_HOME}, by default a folder in the user's home. */
    static Path home(Map<String, String> environment) {
        String configured = environment.getOrDefault("SHARDLAB_HOME", "");
        return configured.isBlank() ? Path.of(System.getProperty("user.home", "."), ".shardlab") : Path.of(configured);
    }

    /** Starts workers. */
    public Lab up(UpOptions options) {
        workers = work.call("up", () -> backend.up(options));
        return this;
    }

    public Lab up(int count) {
        return up(UpOptions.workers(count));
    }

    Backend.Workers workers() {
        return workers;
    }

    /** The workers as they came up, one row each. */
    public Table table() {
        return Grids.workers(workers).table();
    }

    /** Keeps a DJL block written as Java statements that return it, so that verbs find it by name. */
    public UserModel model(ModelOptions options) {
        return new UserModel(work.call("model", () -> backend.model(options)));
    }

    /** Plans and prices a model; starts nothing. */
    public PlanView plan(PlanOptions options) {
        return new PlanView(work.call("plan", () -> backend.plan(known(options))));
    }

    public PlanView plan(String model, Scheme scheme) {
        return plan(PlanOptions.of(model, scheme));
    }

    /** Puts a model's shards on the workers. */
    public Placed place(PlanOptions options) {
        return new Placed(work.call("place", () -> backend.place(known(options))));
    }

    public Placed place(String model, Scheme scheme) {
        return place(PlanOptions.of(model, scheme));
    }

    public Run train(TrainOptions options) {
        return train(options, Backend.Progress.SILENT);
    }

    /** So many steps of the placed model. */
    public Run train(int steps) {
        return train(TrainOptions.steps(steps));
    }

    /** Trains and writes the files of the run as it goes. */
    public Run train(TrainOptions options, Backend.Progress progress) {
        AtomicInteger stepsDone = new AtomicInteger();
        AtomicInteger stepSaved = new AtomicInteger();
        return work.call(
                "train",
                () -> {
                    ResumedRun resumed = resumed(options);
                    options.checkpoints().save().ifPresent(backend::requireSavable);
                    stepsDone.set(resumed.done());
                    Prepared prepared =
                            prepare(resumed.placement(), resumed.workload(), resumed.source(), resumed::check);
                    options.checkpoints().resume().ifPresent(folder -> backend.load(folder, progress));
                    RunFolder folder = RunFolder.create(
                            home,
                            options.name().orElse(prepared.plan().model().replaceAll("[^A-Za-z0-9._-]+", "_")),
                            prepared.plan());
                    Backend.TrainOutcome outcome = backend.train(
                            new Backend.TrainRequest(
                                    prepared.workload(),
                                    prepared.schedule(),
                                    resumed.settings(),
                                    prepared.data(),
                                    resumed.source(),
                                    resumed.done(),
                                    options.checkpoints().save(),
                                    options.checkpoints().every()),
                            new Recorder(folder, progress, stepsDone, stepSaved));
                    Run run = new Run(outcome, folder.path());
                    folder.finish(run);
                    return run;
                },
                () -> "weights kept at step " + stepsDone.get()
                        + (stepSaved.get() > 0 ? ", checkpoint of step " + stepSaved.get() : ""));
    }

    private ResumedRun resumed(TrainOptions options) {
        return options.checkpoints()
                .resume()
                .map(folder -> ResumedRun.of(options, folder, backend.saved(folder), backend.placed()))
                .orElseGet(() -> ResumedRun.fresh(options));
    }

    /** Steps that training will show: of a resumed run those that are left. */
    int stepsOf(TrainOptions options) {
        return work.call("train", () -> {
            ResumedRun resumed = resumed(options);
            return resumed.settings().steps() - resumed.done();
        });
    }

    /** Writes the placed model, its optimizer state and where training stands. */
    public Filed save(Path folder) {
        return save(folder, Backend.Progress.SILENT);
    }

    Filed save(Path folder, Backend.Progress progress) {
        return new Filed("saved", work.call("save", () -> backend.save(folder, progress)));
    }

    /** Replaces weights, optimizer state and step of the placed model by those of a checkpoint. */
    public Filed load(Path folder) {
        return load(folder, Backend.Progress.SILENT);
    }

    Filed load(Path folder, Backend.Progress progress) {
        return new Filed("loaded", work.call("load", () -> backend.load(folder, progress)));
    }

    /** Writes each step to its file before anyone else hears of it. */
    private record Recorder(
            RunFolder folder, Backend.Progress listener, AtomicInteger stepsDone, AtomicInteger stepSaved)
            implements Backend.Progress {
        @Override
        public void saved(int step) {
            stepSaved.set(step);
            listener.saved(step);
        }

        @Override
        public void step(StepMetrics metrics) {
            folder.step(metrics);
            stepsDone.incrementAndGet();
            listener.step(metrics);
        }

        @Override
        public void memory(io.shardlab.trace.MemoryUse use) {
            listener.memory(use);
        }

        @Override
        public void progress(String what, long done, long total) {
            listener.progress(what, done, total);
        }
    }

    private PlanOptions known(PlanOptions options) {
        options.schedule().ifPresent(backend.schedules()::require);
        return options;
    }

    /** A placed plan, the workload and schedule to run and the file of tokens or samples to run it on. */
    private record Prepared(Plan plan, Plan.Workload workload, Optional<String> schedule, Path data) {}

    /** Checks everything that can be checked before anything moves, then places what is not placed yet. */
    private Prepared prepare(Optional<PlanOptions> placement, WorkloadChoice choice, Optional<String> data) {
        return prepare(placement, choice, data, (description, file) -> {});
    }

    private Prepared prepare(
            Optional<PlanOptions> placement,
            WorkloadChoice choice,
            Optional<String> data,
            BiConsumer<String, Path> check) {
        choice.schedule().ifPresent(backend.schedules()::require);
        Optional<String> where = data.map(SampleSets::located);
        Corpus.Source source = corpus.find(where);
        Optional<PlanOptions> missing = missing(placement);
        Plan plan = missing.map(options -> backend.plan(options).plan()).orElseGet(this::placedPlan);
        Plan.Workload workload = choice.over(plan.workload());
        Path file;
        if (plan.sampleShape().isPresent()) {
            file = sampleSets.find(where, plan.sampleShape().get(), plan.vocabularySize());
            check.accept("--data " + data.orElse(Corpus.RANDOM), file);
        } else {
            Corpus.Tokens tokens = tokens(source, plan.vocabularySize(), workload.sequence());
            file = tokens.file();
            check.accept(tokens.description(), file);
        }
        missing.ifPresent(backend::place);
        return new Prepared(missing.isPresent() ? placedPlan() : plan, workload, choice.schedule(), file);
    }

    private Corpus.Tokens tokens(Corpus.Source source, int vocabulary, int sequence) {
        Corpus.Tokens tokens = corpus.tokens(source, vocabulary);
        if (tokens.count() < sequence + 2L) {
            throw new IllegalArgumentException("seq " + sequence + " is too long for " + tokens.description() + " with "
                    + tokens.count() + " tokens; allowed: up to " + Math.max(0, tokens.count() - 2));
        }
        return tokens;
    }

    /** What must be placed first, if anything. */
    private Optional<PlanOptions> missing(Optional<PlanOptions> wanted) {
        Optional<Plan> placed = backend.placed();
        return wanted.filter(options -> placed.isEmpty() || !options.matches(placed.get()));
    }

    private Plan placedPlan() {
        return backend.placed()
                .orElseThrow(() -> new IllegalStateException(
                        "no model is placed; `%shard place tiny --tp 2` places one, or name a MODEL"));
    }

    public Answer infer(InferOptions options) {
        return infer(options, text -> {});
    }

    /** Continues a prompt greedily. */
    public Answer infer(String prompt, int maxNew) {
        return infer(InferOptions.of(prompt, maxNew));
    }

    Answer infer(InferOptions options, Consumer<String> listener) {
        StringBuilder text = new StringBuilder();
        return work.call("infer", () -> {
            missing(options.placement()).ifPresent(backend::place);
            Plan plan = placedPlan();
            if (plan.sampleShape().isPresent()) {
                throw new IllegalArgumentException("infer is for language models; " + plan.model()
                        + " is a block of this notebook that takes samples of shape "
                        + plan.sampleShape().get() + ", and can be trained and checked");
            }
            List<Integer> prompt = ByteText.tokens(options.prompt(), plan.vocabularySize());
            ByteText decoder = new ByteText();
            Backend.InferOutcome outcome =
                    backend.infer(prompt, options.maxNew(), (id, millis) -> hear(decoder.add(id), text, listener));
            hear(decoder.end(), text, listener);
            return new Answer(
                    options.prompt(),
                    prompt.size(),
                    text.toString(),
                    plan.scheme().toString(),
                    outcome);
        });
    }

    private static void hear(String piece, StringBuilder text, Consumer<String> listener) {
        if (!piece.isEmpty()) {
            text.append(piece);
            listener.accept(piece);
        }
    }

    /** Compares the sharded model with one device. */
    public Verdict check(CheckOptions options) {
        return work.call("check", () -> {
            Prepared prepared = prepare(options.placement(), options.workload(), options.source());
            return new Verdict(backend.check(new Backend.CheckRequest(
                    prepared.workload(),
                    prepared.schedule(),
                    options.steps(),
                    options.tolerance(),
                    prepared.data(),
                    options.breakage())));
        });
    }

    public Verdict check() {
        return check(CheckOptions.DEFAULT);
    }

    /** What the running workers only simulate, for titles. */
    Optional<String> simulated() {
        return backend.simulated();
    }

    /** Draws a schedule, a rule's or one that was written before. */
    public ScheduleView schedule(ScheduleOptions options) {
        return work.call("schedule", () -> {
            Schedules schedules = backend.schedules();
            options.text().ifPresent(text -> schedules.write(options.name(), text));
            return ScheduleView.of(options, schedules, backend.placed());
        });
    }

    /** Keeps a schedule written as text, a line per rank, so that {@code --schedule NAME} finds it. */
    public ScheduleView schedule(String name, String text) {
        return schedule(ScheduleOptions.of(name).withText(text));
    }

    /** One row per worker. */
    public Table status() {
        return Grids.status(statusRows()).table();
    }

    List<Backend.StatusRow> statusRows() {
        return work.call("status", backend::status);
    }

    /** Memory by category, one row per rank. */
    public Table mem() {
        return Grids.memory("memory", memoryRows(false)).table();
    }

    List<Backend.MemoryRow> memoryRows(boolean reset) {
        return work.call("mem", () -> backend.memory(reset));
    }

    /** Bytes that each rank has sent to each other, one row per sender. */
    public Table traffic() {
        return Grids.traffic("traffic", trafficRows(false)).table();
    }

    List<Backend.TrafficRow> trafficRows(boolean reset) {
        return work.call("traffic", () -> backend.traffic(reset));
    }

    /** What each rank did in a step; also as a Chrome trace if a file is named. */
    public Timeline timeline(TimelineOptions options) {
        return work.call("timeline", () -> {
            Timeline timeline = backend.timeline(options.step(), options.predicted());
            if (options.file().isPresent()) {
                Path file = options.file().get();
                try {
                    ChromeTrace.write(
                            timeline, backend.placed().map(RunFolder::roles).orElse(List.of()), file);
                } catch (IOException unwritable) {
                    throw new UncheckedIOException("--save " + file + " cannot be written", unwritable);
                }
            }
            return timeline;
        });
    }

    public Timeline timeline() {
        return timeline(TimelineOptions.LAST);
    }

    /** The last lines of some workers. */
    public Table logs(Selection selection, int linesPerRank) {
        return Grids.logs(logRows(selection, linesPerRank)).table();
    }

    List<Backend.LogLine> logRows(Selection selection, int linesPerRank) {
        return work.call("logs", () -> backend.logs(selection, linesPerRank));
    }

    /** Runs Java on all workers, as {@code %%shard} does. */
    public CellRun run(String source) {
        return run(Selection.ALL, source);
    }

    /** Runs Java on some workers; a rank that throws is a {@link ShardException}. */
    public CellRun run(Selection selection, String source) {
        CellRun run = cell(CellOptions.on(selection), source, Cells.Listener.SILENT);
        if (!run.outcome().failures().isEmpty()) {
            throw ShardException.failed(new FailedWorkers(run.outcome().failures()));
        }
        return run;
    }

    CellRun cell(CellOptions options, String source, Cells.Listener listener) {
        CellRun run =
                work.call("cell", () -> new CellRun(backend.cells().run(options, source, listener)), this::stoppedCell);
        options.name().ifPresent(name -> results.put(name, run));
        return run;
    }

    private String stoppedCell() {
        String where = backend.cells().stoppedIn();
        return (where.isEmpty() ? "" : where + "; ") + "variables and weights are kept";
    }

    /** What a cell with {@code -o NAME} left. */
    public CellRun result(String name) {
        CellRun run = results.get(name);
        if (run == null) {
            throw new ShardException("there is no result '" + name + "'; `%%shard -o NAME` keeps one"
                    + (results.isEmpty() ? "" : "; kept: " + String.join(", ", results.keySet())));
        }
        return run;
    }

    /** The variables of all workers' cells, one row per rank. */
    public Table vars() {
        return CellGrids.variables(variableRows(Selection.ALL)).table();
    }

    List<Cells.VariableRow> variableRows(Selection selection) {
        return work.call("vars", () -> backend.cells().variables(selection));
    }

    /** Sends a number, text or array to all workers' cells, as a variable of theirs. */
    public Table push(String name, Object value) {
        return push(Selection.ALL, name, value);
    }

    public Table push(Selection selection, String name, Object value) {
        return CellGrids.variables(pushed(Map.of(name, value), selection)).table();
    }

    List<Cells.VariableRow> pushed(Map<String, Object> values, Selection selection) {
        return work.call("push", () -> backend.cells().push(values, selection));
    }

    /** Fetches a variable of all workers' cells. */
    public Pulled pull(String name) {
        return pull(name, Selection.ALL);
    }

    public Pulled pull(String name, Selection selection) {
        return new Pulled(name, work.call("pull", () -> backend.cells().pull(name, selection)));
    }

    public Table devices() {
        return Grids.devices(deviceRows()).table();
    }

    List<Backend.DeviceRow> deviceRows() {
        return work.call("devices", backend::devices);
    }

    public Table models() {
        return Grids.models(modelRows()).table();
    }

    List<Backend.ModelRow> modelRows() {
        return work.call("models", backend::models);
    }

    /** What can be trained on. */
    public Table data() {
        return Grids.corpora(corpora()).table();
    }

    List<Corpus.Listed> corpora() {
        return corpus.list();
    }

    public Table doctor() {
        return Grids.doctor(doctorRows(OptionalInt.empty())).table();
    }

    /** The same, after each worker has printed so many lines: whether all of them arrived. */
    public Table doctor(int floodLines) {
        return Grids.doctor(doctorRows(OptionalInt.of(floodLines))).table();
    }

    List<Backend.DoctorRow> doctorRows(OptionalInt flood) {
        return work.call("doctor", () -> {
            List<Backend.DoctorRow> rows = new ArrayList<>(backend.doctor());
            if (flood.isPresent()) {
                rows.addAll(backend.flood(flood.getAsInt()));
            }
            return rows;
        });
    }

    /** Stops all workers; the laboratory can go up again. */
    public Table down() {
        return Grids.exits(down(false)).table();
    }

    List<Backend.ExitRow> down(boolean now) {
        List<Backend.ExitRow> exits =
                now ? work.beside(() -> backend.down(true)) : work.call("down", () -> backend.down(false));
        workers = new Backend.Workers(List.of(), 0, true, "no workers");
        return exits;
    }

    @Override
    public void close() {
        work.stop();
        backend.close();
        work.close();
    }

    @Override
    public String toString() {
        List<String> devices =
                workers.rows().stream().map(Backend.WorkerRow::device).toList();
        return devices.isEmpty()
                ? "no workers"
                : devices.size() + (devices.size() == 1 ? " worker: " : " workers: ") + String.join(", ", devices);
    }
}
