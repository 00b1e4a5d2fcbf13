package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.command.CellOptions;
import io.shardlab.magics.command.CheckOptions;
import io.shardlab.magics.command.CompareOptions;
import io.shardlab.magics.command.InferOptions;
import io.shardlab.magics.command.ModelOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.ReportCommand;
import io.shardlab.magics.command.ScheduleOptions;
import io.shardlab.magics.command.TimelineOptions;
import io.shardlab.magics.command.TrainOptions;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.magics.home.HomeFolder;
import io.shardlab.magics.local.LocalBackend;
import io.shardlab.magics.table.CellGrids;
import io.shardlab.magics.table.MachineGrids;
import io.shardlab.magics.table.MeasureGrids;
import io.shardlab.magics.table.PlanGrids;
import io.shardlab.magics.table.WorkerGrids;
import io.shardlab.mesh.Selection;
import io.shardlab.plan.Scheme;
import io.shardlab.trace.Timeline;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongSupplier;
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
    private final Subjects subjects;

    Lab(Backend backend, Map<String, String> environment) {
        this(backend, environment, System::nanoTime);
    }

    Lab(Backend backend, Map<String, String> environment, LongSupplier nanos) {
        this.backend = backend;
        this.work = new Work(backend, nanos);
        this.subjects = Subjects.of(backend, work, environment, nanos);
    }

    /** A laboratory on this machine, without workers yet. */
    public static Lab open() {
        return new Lab(new LocalBackend(HomeFolder.of(System.getenv())), System.getenv());
    }

    /** The inner side, for what shows a verb while it works. */
    Subjects subjects() {
        return subjects;
    }

    /** Starts workers; those that run already under the same specification stay, also while a run has them. */
    public Lab up(UpOptions options) {
        subjects.workers().up(options);
        return this;
    }

    public Lab up(int count) {
        return up(UpOptions.workers(count));
    }

    /** The workers as they came up, one row each. */
    public Table table() {
        return WorkerGrids.workers(subjects.workers().running()).table();
    }

    /** Keeps a DJL block written as Java statements that return it, so that verbs find it by name. */
    public UserModel model(ModelOptions options) {
        return subjects.planning().model(options);
    }

    /** Plans and prices a model; starts nothing. */
    public PlanView plan(PlanOptions options) {
        return subjects.planning().plan(options);
    }

    public PlanView plan(String model, Scheme scheme) {
        return plan(PlanOptions.of(model, scheme));
    }

    /** On one device. */
    public PlanView plan(String model) {
        return plan(model, Scheme.SINGLE);
    }

    /** Puts a model's shards on the workers. */
    public Placed place(PlanOptions options) {
        return subjects.planning().place(options);
    }

    public Placed place(String model, Scheme scheme) {
        return place(PlanOptions.of(model, scheme));
    }

    /** On one device. */
    public Placed place(String model) {
        return place(model, Scheme.SINGLE);
    }

    public Run train(TrainOptions options) {
        return train(options, Progress.SILENT);
    }

    /** A model as it is placed; one that is not is placed on one device first. */
    public Run train(String model) {
        return train(TrainOptions.of(model, Optional.empty()));
    }

    /** A model under a scheme, placed first unless it is. */
    public Run train(String model, Scheme scheme) {
        return train(TrainOptions.of(model, Optional.of(scheme)));
    }

    /** So many steps of the placed model. */
    public Run train(int steps) {
        return train(TrainOptions.steps(steps));
    }

    /** Trains and writes the files of the run as it goes. */
    public Run train(TrainOptions options, Progress progress) {
        return subjects.training().train(options, progress);
    }

    /** Trains in the background. */
    public StartedRun start(TrainOptions options) {
        return subjects.training().start(options);
    }

    /** Runs Java on all workers in the background. */
    public StartedCell start(String source) {
        return start(CellOptions.ALL, source);
    }

    public StartedCell start(CellOptions options, String source) {
        return subjects.backgroundCells().start(options, source);
    }

    /** The runs of this laboratory and its cells in the background, one row each. */
    public Table jobs() {
        return ShownRuns.jobs(subjects.runs().all()).table();
    }

    /** Waits for a run. */
    public Run await(String name) {
        if (subjects.runs().find("wait", Optional.of(name)) instanceof StartedRun run) {
            return run.await();
        }
        throw new ShardException("wait: " + name + " is a cell; lab.result(\"" + name + "\") waits for it");
    }

    /** Stops a run at its next micro-batch, or, if it is stopping already, kills the workers; says which. */
    public String interrupt(String name) {
        return subjects.background().stop(Optional.of(name), Selection.ALL);
    }

    /** Starts workers anew and places the model again, as it is where that can be. */
    public Lab restart(Selection selection) {
        subjects.workers().restart(selection, Progress.SILENT);
        return this;
    }

    /** Writes the placed model, its optimizer state and where training stands. */
    public Filed save(Path folder) {
        return subjects.savedModels().save(folder, Progress.SILENT);
    }

    /** Replaces weights, optimizer state and step of the placed model by those of a checkpoint. */
    public Filed load(Path folder) {
        return subjects.savedModels().load(folder, Progress.SILENT);
    }

    public Answer infer(InferOptions options) {
        return subjects.generation().infer(options, text -> {});
    }

    /** Continues a prompt greedily. */
    public Answer infer(String prompt, int maxNew) {
        return infer(InferOptions.of(prompt, maxNew));
    }

    /** Compares the sharded model with one device. */
    public Verdict check(CheckOptions options) {
        return subjects.checking().check(options);
    }

    public Verdict check() {
        return check(CheckOptions.DEFAULT);
    }

    /** Trains a model under several schemes in turn; what is placed comes back after it. */
    public Comparison compare(CompareOptions options) {
        return compare(options, ComparisonListener.SILENT);
    }

    /** Schemes written as in {@code --schemes}: {@code single; tp=2; pp=2,m=8}. */
    public Comparison compare(String model, String schemes) {
        return compare(CompareOptions.of(model, schemes));
    }

    public Comparison compare(CompareOptions options, ComparisonListener listener) {
        return subjects.comparisons().compare(options, listener);
    }

    /** Lets a model continue a prompt under several schemes in turn; what is placed comes back after it. */
    public GenerationComparison compare(CompareOptions options, InferOptions generation) {
        return compare(options, generation, ComparisonListener.SILENT);
    }

    public GenerationComparison compare(CompareOptions options, InferOptions generation, ComparisonListener listener) {
        return subjects.comparisons().compare(options, generation, listener);
    }

    /** Writes what this session did into one HTML file. */
    public Path report(Path file) {
        return report(file, Optional.empty());
    }

    public Path report(Path file, Optional<String> title) {
        return subjects.reports().write(ReportCommand.requireHtml(file), title);
    }

    /** Draws a schedule, a rule's or one that was written before. */
    public ScheduleView schedule(ScheduleOptions options) {
        return subjects.planning().schedule(options);
    }

    /** Keeps a schedule written as text, a line per rank, so that {@code --schedule NAME} finds it. */
    public ScheduleView schedule(String name, String text) {
        return schedule(ScheduleOptions.of(name).withText(text));
    }

    /** One row per worker. */
    public Table status() {
        return WorkerGrids.status(subjects.observations().status()).table();
    }

    /** Memory by category, one row per rank. */
    public Table mem() {
        return MeasureGrids.memory("memory", subjects.observations().memory(false))
                .table();
    }

    /** Bytes that each rank has sent to each other, one row per sender. */
    public Table traffic() {
        return MeasureGrids.traffic("traffic", subjects.observations().traffic(false))
                .table();
    }

    /** What each rank did in a step; also as a Chrome trace if a file is named. */
    public Timeline timeline(TimelineOptions options) {
        return subjects.observations().timeline(options);
    }

    public Timeline timeline() {
        return timeline(TimelineOptions.LAST);
    }

    /** The last lines of some workers. */
    public Table logs(Selection selection, int linesPerRank) {
        return WorkerGrids.logs(subjects.observations().logs(selection, linesPerRank))
                .table();
    }

    /** Runs Java on all workers, as {@code %%shard} does. */
    public CellRun run(String source) {
        return run(Selection.ALL, source);
    }

    /** Runs Java on some workers; a rank that throws is a {@link ShardException}. */
    public CellRun run(Selection selection, String source) {
        CellRun run = subjects.cells().run(CellOptions.on(selection), source, Cells.Listener.SILENT);
        run.problem().ifPresent(failed -> {
            throw failed;
        });
        return run;
    }

    /** What a cell with {@code -o NAME} left; waits for one in the background. */
    public CellRun result(String name) {
        return subjects.runs().cell(name).map(Started::await).orElseGet(() -> subjects.cells()
                .result(name));
    }

    /** The variables of all workers' cells, one row per rank. */
    public Table vars() {
        return CellGrids.variables(subjects.cells().variables(Selection.ALL)).table();
    }

    /** Sends a number, text or array to all workers' cells, as a variable of theirs. */
    public Table push(String name, Object value) {
        return push(Selection.ALL, name, value);
    }

    public Table push(Selection selection, String name, Object value) {
        return CellGrids.variables(subjects.cells().push(Map.of(name, value), selection))
                .table();
    }

    /** Fetches a variable of all workers' cells. */
    public Pulled pull(String name) {
        return pull(name, Selection.ALL);
    }

    public Pulled pull(String name, Selection selection) {
        return subjects.cells().pull(name, selection);
    }

    /** What all ranks hold in a variable, one behind the other along the first dimension. */
    public Gathered gather(String name) {
        return gather(name, Selection.ALL, 0);
    }

    public Gathered gather(String name, Selection selection, int dimension) {
        return subjects.cells().gather(name, selection, dimension);
    }

    public Table devices() {
        return MachineGrids.devices(subjects.observations().devices()).table();
    }

    public Table models() {
        return PlanGrids.models(subjects.observations().models()).table();
    }

    /** What can be trained on. */
    public Table data() {
        return MachineGrids.corpora(subjects.observations().corpora()).table();
    }

    public Table doctor() {
        return MachineGrids.doctor(subjects.observations().doctor(OptionalInt.empty()))
                .table();
    }

    /** The same, after each worker has printed so many lines: whether all of them arrived. */
    public Table doctor(int floodLines) {
        return MachineGrids.doctor(subjects.observations().doctor(OptionalInt.of(floodLines)))
                .table();
    }

    /** Stops all workers; the laboratory can go up again. */
    public Table down() {
        return WorkerGrids.exits(subjects.workers().down(false)).table();
    }

    @Override
    public void close() {
        subjects.workers().close();
        work.stop();
        backend.close();
        work.close();
    }

    @Override
    public String toString() {
        return subjects.workers().toString();
    }
}
