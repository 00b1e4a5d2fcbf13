package io.shardlab.magics.session;

import io.shardlab.magics.command.Actions;
import io.shardlab.magics.command.CellOptions;
import io.shardlab.magics.command.CheckOptions;
import io.shardlab.magics.command.InferOptions;
import io.shardlab.magics.command.ModelOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.ScheduleOptions;
import io.shardlab.magics.command.TimelineOptions;
import io.shardlab.magics.command.TrainOptions;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.magics.command.Verbs;
import io.shardlab.magics.session.NotebookPort.Content;
import io.shardlab.magics.view.Chart;
import io.shardlab.magics.view.GanttChart;
import io.shardlab.magics.view.Grid;
import io.shardlab.magics.view.Html;
import io.shardlab.magics.view.MemoryChart;
import io.shardlab.magics.view.Pictures;
import io.shardlab.magics.view.StepsChart;
import io.shardlab.magics.view.TrafficChart;
import io.shardlab.mesh.Selection;
import io.shardlab.trace.Timeline;
import java.nio.file.Path;
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

    private static final int LONG_TABLE = 12;

    private final Supplier<Lab> lab;
    private final Screen screen;
    private final LongSupplier nanos;
    private final Pictures pictures;

    ShownVerbs(Supplier<Lab> lab, Screen screen, LongSupplier nanos) {
        this.lab = lab;
        this.screen = screen;
        this.nanos = nanos;
        this.pictures = new Pictures(line -> screen.show(Content.of(Html.paragraph(line), line + "\n")));
    }

    private <R> Table shown(Grid<R> grid) {
        screen.show(content(grid));
        return grid.table();
    }

    private static Content content(Grid<?>... grids) {
        StringBuilder html = new StringBuilder();
        StringBuilder text = new StringBuilder();
        for (Grid<?> grid : grids) {
            html.append(grid.html());
            text.append(grid.text()).append('\n');
        }
        return Content.of(html.toString(), text.toString());
    }

    private void draw(Chart chart) {
        Optional<byte[]> png = pictures.png(chart);
        screen.show(
                png.isPresent()
                        ? new Content("", chart.text(), png)
                        : Content.of(Html.preformatted(chart.text()), chart.text()));
    }

    @Override
    public Object up(UpOptions options) {
        Lab up = lab.get().up(options);
        shown(Grids.workers(up.workers()));
        return up;
    }

    @Override
    public Object plan(PlanOptions options) {
        PlanView view = lab.get().plan(options);
        Grid<?> grid = Grids.estimate(view.estimate());
        List<String> advice = view.estimate().advice();
        String lines = view.figures() + (advice.isEmpty() ? "" : "\n" + String.join("\n", advice));
        screen.show(Content.of(
                grid.html()
                        + Html.paragraph(view.figures())
                        + advice.stream().map(Html::paragraph).collect(java.util.stream.Collectors.joining())
                        + Html.preformatted(view.picture()),
                grid.text() + lines + "\n" + view.picture()));
        return view;
    }

    @Override
    public Object place(PlanOptions options) {
        Placed placed = lab.get().place(options);
        shown(Grids.placed(placed.outcome()));
        return placed;
    }

    @Override
    public Object train(TrainOptions options) {
        LiveTraining live = new LiveTraining(lab.get().stepsOf(options), nanos);
        Run run;
        try (Screen.AutoCloseableQuietly watched = screen.live(live)) {
            run = lab.get().train(options, live);
            live.conclude(content(run.throughput(), run.memoryGrid()));
        }
        String subject = run.subject() + " under " + run.plan().scheme();
        if (!run.outcome().metrics().isEmpty()) {
            draw(StepsChart.loss(subject, run.outcome().metrics()));
            draw(StepsChart.throughput(subject, run.outcome().metrics()));
        }
        draw(new MemoryChart(
                subject,
                run.outcome().memory().stream().map(Backend.MemoryRow::measured).toList()));
        return run;
    }

    @Override
    public Object save(Path folder) {
        return filed(live -> lab.get().save(folder, live));
    }

    @Override
    public Object load(Path folder) {
        return filed(live -> lab.get().load(folder, live));
    }

    private Filed filed(Function<Backend.Progress, Filed> verb) {
        LiveProgress live = new LiveProgress(nanos);
        try (Screen.AutoCloseableQuietly watched = screen.live(live)) {
            Filed filed = verb.apply(live);
            live.conclude(content(Grids.files(filed)));
            return filed;
        }
    }

    @Override
    public Object infer(InferOptions options) {
        LiveText text = new LiveText(options.prompt());
        Answer answer;
        try (Screen.AutoCloseableQuietly watched = screen.live(text)) {
            answer = lab.get().infer(options, text);
        }
        Content figures = content(answer.speeds(), answer.memoryGrid());
        Optional<String> simulated = lab.get().simulated();
        screen.show(
                simulated.isEmpty()
                        ? figures
                        : Content.of(
                                figures.html() + Html.paragraph(simulated.get()),
                                figures.text() + simulated.get() + "\n"));
        return answer;
    }

    @Override
    public Object model(ModelOptions options) {
        UserModel model = lab.get().model(options);
        if (model.outcome().described()) {
            shown(Grids.model(model.outcome()));
        } else {
            screen.show(Content.of(Html.paragraph(model.toString()), model + "\n"));
        }
        return model;
    }

    @Override
    public Object check(CheckOptions options) {
        Verdict verdict = lab.get().check(options);
        Backend.CheckOutcome outcome = verdict.outcome();
        Grid<Backend.CheckRow> all = Grids.check(outcome);
        boolean wrong = verdict.firstDeviation().isPresent();
        List<Backend.CheckRow> worst = wrong ? firstWrong(outcome) : worst(outcome);
        Grid<?> grid = new Grid<>(all.caption(), all.columns(), worst);
        String line = verdict
                + (worst.size() < outcome.rows().size()
                        ? "; the " + (wrong ? "first " + worst.size() + " wrong" : worst.size() + " largest") + " of "
                                + outcome.rows().size() + " tensors are shown, .table() holds all"
                        : "");
        screen.show(Content.of("<p>" + Html.bold(line) + "</p>" + grid.html(), line + "\n" + grid.text()));
        return verdict;
    }

    /** Wrong tensors in the order of computation: what is wrong first made the others wrong. */
    private static List<Backend.CheckRow> firstWrong(Backend.CheckOutcome outcome) {
        return outcome.rows().stream()
                .filter(row -> row.verdict().equals("bug"))
                .limit(LONG_TABLE)
                .toList();
    }

    private static List<Backend.CheckRow> worst(Backend.CheckOutcome outcome) {
        if (outcome.rows().size() <= LONG_TABLE) {
            return outcome.rows();
        }
        return outcome.rows().stream()
                .sorted(java.util.Comparator.comparingDouble(Backend.CheckRow::maxRelative)
                        .reversed())
                .limit(LONG_TABLE)
                .toList();
    }

    @Override
    public Object schedule(ScheduleOptions options) {
        ScheduleView view = lab.get().schedule(options);
        draw(view.chart());
        String lines = String.join("\n", view.lines());
        screen.show(Content.of(
                view.lines().stream().map(Html::paragraph).collect(java.util.stream.Collectors.joining())
                        + view.grid().html(),
                lines + "\n" + view.grid().text()));
        return view;
    }

    @Override
    public Object status() {
        return shown(Grids.status(lab.get().statusRows()));
    }

    @Override
    public Object timeline(TimelineOptions options) {
        Timeline timeline = lab.get().timeline(options);
        String subject = timeline.spans().isEmpty()
                ? "nothing ran"
                : "step " + timeline.spans().get(0).step()
                        + lab.get().simulated().map(what -> ", " + what).orElse("");
        draw(new GanttChart(subject, timeline));
        return shown(RankTimes.of(timeline));
    }

    @Override
    public Object mem(boolean chart, boolean reset) {
        List<Backend.MemoryRow> rows = lab.get().memoryRows(reset);
        Table table = shown(Grids.memory("memory, high-water marks", rows));
        if (chart) {
            draw(new MemoryChart(
                    "now", rows.stream().map(Backend.MemoryRow::measured).toList()));
        }
        return table;
    }

    @Override
    public Object traffic(boolean chart, boolean reset) {
        List<Backend.TrafficRow> rows = lab.get().trafficRows(reset);
        String subject = "since workers came up or the last --reset"
                + lab.get().simulated().map(what -> ", " + what).orElse("");
        Table table = shown(Grids.traffic("bytes from rank to rank, " + subject, rows));
        if (chart) {
            draw(new TrafficChart(
                    subject, rows.stream().map(Backend.TrafficRow::bytesTo).toList()));
        }
        return table;
    }

    @Override
    public Object logs(Selection selection, int lines) {
        return shown(Grids.logs(lab.get().logRows(selection, lines)));
    }

    @Override
    public Object cell(CellOptions options, String body) {
        CellText text = new CellText(options.group(), nanos);
        CellRun run;
        try (Screen.AutoCloseableQuietly watched = screen.live(text)) {
            run = lab.get().cell(options, body, text);
        }
        run.outcome().notes().forEach(note -> screen.stream("note: " + note + "\n"));
        CellView.values(run.outcome()).forEach(screen::show);
        if (!run.outcome().failures().isEmpty()) {
            throw ShardException.failed(new FailedWorkers(run.outcome().failures()));
        }
        return run;
    }

    @Override
    public Object vars(Selection selection) {
        return shown(CellGrids.variables(lab.get().variableRows(selection)));
    }

    @Override
    public Object push(Map<String, Object> values, Selection selection) {
        return shown(CellGrids.variables(lab.get().pushed(values, selection)));
    }

    @Override
    public Object pull(String name, Selection selection) {
        Pulled pulled = lab.get().pull(name, selection);
        shown(pulled.grid());
        return pulled;
    }

    @Override
    public Object devices() {
        return shown(Grids.devices(lab.get().deviceRows()));
    }

    @Override
    public Object models() {
        return shown(Grids.models(lab.get().modelRows()));
    }

    @Override
    public Object data() {
        return shown(Grids.corpora(lab.get().corpora()));
    }

    @Override
    public Object doctor(OptionalInt flood) {
        return shown(Grids.doctor(lab.get().doctorRows(flood)));
    }

    @Override
    public Object down(boolean now) {
        return shown(Grids.exits(lab.get().down(now)));
    }

    @Override
    public Object help(Optional<String> verb) {
        String text = verb.map(Verbs::help).orElseGet(Verbs::overview);
        screen.show(Content.of(Html.preformatted(text), text));
        return new Help(verb.orElse("shard"));
    }
}
