package io.shardlab.magics.session;

import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.command.Actions;
import io.shardlab.magics.command.CellOptions;
import io.shardlab.magics.command.CheckOptions;
import io.shardlab.magics.command.CompareOptions;
import io.shardlab.magics.command.Dialect;
import io.shardlab.magics.command.InferOptions;
import io.shardlab.magics.command.ModelOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.ScheduleOptions;
import io.shardlab.magics.command.TimelineOptions;
import io.shardlab.magics.command.TrainOptions;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.magics.command.Verbs;
import io.shardlab.magics.screen.LiveProgress;
import io.shardlab.magics.screen.LiveText;
import io.shardlab.magics.screen.LiveTraining;
import io.shardlab.magics.screen.Output;
import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.screen.Screen;
import io.shardlab.magics.table.PlanGrids;
import io.shardlab.magics.table.WorkerGrids;
import io.shardlab.mesh.Selection;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import tech.tablesaw.api.Table;

/** Calls the laboratory and shows what comes back, once. */
final class ShownVerbs implements Actions {

    private final Supplier<Lab> lab;
    private final Output output;
    private final Compat compat;
    private final ShownCells cells;
    private final ShownBackgroundCells backgroundCells;
    private final ShownRuns runs;
    private final ShownObservations observations;
    private final LongSupplier nanos;

    ShownVerbs(Supplier<Lab> lab, Output output, HostKernel kernel, Compat compat, LongSupplier nanos) {
        this.lab = lab;
        this.output = output;
        this.compat = compat;
        this.cells = new ShownCells(lab, output, kernel, nanos);
        this.backgroundCells = new ShownBackgroundCells(lab, output, cells);
        this.runs = new ShownRuns(lab, output, backgroundCells, nanos);
        this.observations = new ShownObservations(lab, output, kernel);
        this.nanos = nanos;
    }

    @Override
    public Object up(UpOptions options) {
        Lab up = lab.get().up(options);
        output.table(WorkerGrids.workers(up.subjects().workers().running()));
        return up;
    }

    @Override
    public Object plan(PlanOptions options) {
        PlanView view = lab.get().plan(options);
        output.show(view.content());
        return view;
    }

    @Override
    public Object place(PlanOptions options) {
        Placed placed = lab.get().place(options);
        output.table(PlanGrids.placed(placed.outcome()));
        return placed;
    }

    @Override
    public Object train(TrainOptions options) {
        LiveTraining live = new LiveTraining(lab.get().subjects().training().steps(options), nanos);
        Run run;
        try (Screen.AutoCloseableQuietly watched = output.live(live)) {
            run = lab.get().train(options, live);
            live.conclude(Output.content(run.throughput(), run.memoryGrid()));
        }
        output.draw(run.charts());
        return run;
    }

    @Override
    public Object start(TrainOptions options) {
        return runs.start(options);
    }

    @Override
    public Object jobs() {
        return runs.jobs();
    }

    @Override
    public Object await(Optional<String> name) {
        return runs.await(name);
    }

    @Override
    public Object attach(Optional<String> name) {
        return runs.attach(name);
    }

    @Override
    public Object interrupt(Optional<String> name, Selection selection) {
        return runs.interrupt(name, selection);
    }

    @Override
    public Object restart(Selection selection) {
        return runs.restart(selection);
    }

    @Override
    public Object top(Duration time) {
        return runs.top(time);
    }

    @Override
    public Object save(Path folder) {
        return filed(live -> lab.get().subjects().savedModels().save(folder, live));
    }

    @Override
    public Object load(Path folder) {
        return filed(live -> lab.get().subjects().savedModels().load(folder, live));
    }

    private Filed filed(Function<Progress, Filed> verb) {
        LiveProgress live = new LiveProgress(nanos);
        try (Screen.AutoCloseableQuietly watched = output.live(live)) {
            Filed filed = verb.apply(live);
            live.conclude(Output.content(filed.grid()));
            return filed;
        }
    }

    @Override
    public Object infer(InferOptions options) {
        LiveText text = new LiveText(options.prompt());
        Answer answer;
        try (Screen.AutoCloseableQuietly watched = output.live(text)) {
            answer = lab.get().subjects().generation().infer(options, text);
        }
        Content figures = Output.content(answer.speeds(), answer.memoryGrid());
        output.show(lab.get()
                .subjects()
                .observations()
                .simulated()
                .map(what -> figures.above(Content.line(what)))
                .orElse(figures));
        return answer;
    }

    @Override
    public Object model(ModelOptions options) {
        UserModel model = lab.get().model(options);
        if (model.outcome().described()) {
            output.table(PlanGrids.model(model.outcome()));
        } else {
            output.line(model.toString());
        }
        return model;
    }

    @Override
    public Object check(CheckOptions options) {
        Verdict verdict = lab.get().check(options);
        output.show(verdict.content());
        return verdict;
    }

    @Override
    public Object compare(CompareOptions options) {
        return compared(live -> lab.get().compare(options, live));
    }

    @Override
    public Object compare(CompareOptions options, InferOptions generation) {
        return compared(live -> lab.get().compare(options, generation, live));
    }

    private Table compared(Function<ComparisonListener, Compared<?>> verb) {
        LiveComparison live = new LiveComparison(nanos);
        Compared<?> comparison;
        try (Screen.AutoCloseableQuietly watched = output.live(live)) {
            comparison = verb.apply(live);
            live.conclude(comparison.content());
        }
        output.draw(comparison.charts());
        return comparison.table();
    }

    @Override
    public Object report(Path file, Optional<String> title) {
        Path written = lab.get().report(file, title);
        output.line("report written to " + file);
        return written;
    }

    @Override
    public Object schedule(ScheduleOptions options) {
        ScheduleView view = lab.get().schedule(options);
        output.draw(view.chart());
        output.show(view.content());
        return view;
    }

    @Override
    public Object status() {
        return observations.status();
    }

    @Override
    public Object timeline(TimelineOptions options) {
        return observations.timeline(options);
    }

    @Override
    public Object mem(boolean chart, boolean reset) {
        return observations.mem(chart, reset);
    }

    @Override
    public Object traffic(boolean chart, boolean reset) {
        return observations.traffic(chart, reset);
    }

    @Override
    public Object logs(Selection selection, int lines) {
        return observations.logs(selection, lines);
    }

    @Override
    public Object cell(CellOptions options, String body) {
        return cells.cell(options, body);
    }

    @Override
    public Object startCell(CellOptions options, String body) {
        return backgroundCells.start(options, body);
    }

    @Override
    public Object vars(Selection selection) {
        return cells.vars(selection);
    }

    @Override
    public Object push(Map<String, Object> values, List<String> names, Selection selection) {
        return cells.push(values, names, selection);
    }

    @Override
    public Object pull(String name, Selection selection) {
        return cells.pull(name, selection);
    }

    @Override
    public Object gather(String name, Selection selection, int dimension) {
        return cells.gather(name, selection, dimension);
    }

    @Override
    public Object compat(Dialect dialect) {
        return output.table(compat.turnOn(dialect));
    }

    @Override
    public Object devices() {
        return observations.devices();
    }

    @Override
    public Object models() {
        return observations.models();
    }

    @Override
    public Object data() {
        return observations.data();
    }

    @Override
    public Object doctor(OptionalInt flood) {
        return observations.doctor(flood);
    }

    @Override
    public Object down(boolean now) {
        return output.table(WorkerGrids.exits(lab.get().subjects().workers().down(now)));
    }

    @Override
    public Object help(Optional<String> verb) {
        String text = verb.map(Verbs::help).orElseGet(Verbs::overview);
        output.show(Content.preformatted(text));
        return new Help(verb.orElse("shard"));
    }
}
