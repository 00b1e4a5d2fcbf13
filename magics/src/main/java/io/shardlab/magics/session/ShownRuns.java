package io.shardlab.magics.session;

import io.shardlab.magics.backend.Workers;
import io.shardlab.magics.command.TrainOptions;
import io.shardlab.magics.screen.FailureCard;
import io.shardlab.magics.screen.LiveProgress;
import io.shardlab.magics.screen.LiveTraining;
import io.shardlab.magics.screen.Output;
import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.screen.Screen;
import io.shardlab.magics.table.WorkerGrids;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Grid;
import io.shardlab.mesh.Selection;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import tech.tablesaw.api.Table;

/** Shows runs that go on while cells come and go: the verbs {@code train -a, jobs, wait, attach, interrupt, restart, top}. */
final class ShownRuns {

    private static final long TOP_MILLIS = 500;

    private final Supplier<Lab> lab;
    private final Output output;
    private final ShownBackgroundCells cells;
    private final LongSupplier nanos;

    ShownRuns(Supplier<Lab> lab, Output output, ShownBackgroundCells cells, LongSupplier nanos) {
        this.lab = lab;
        this.output = output;
        this.cells = cells;
        this.nanos = nanos;
    }

    StartedRun start(TrainOptions options) {
        StartedRun run = lab.get().start(options);
        if (output.lasting()) {
            Output cell = output.here();
            Watched watched = watch(run, cell);
            run.afterwards(() -> draw(run, watched, cell));
        }
        String find = "`%shard wait " + run.name() + "` waits for it, `%shard attach " + run.name()
                + "` shows it in another cell, `%shard interrupt " + run.name() + "` stops it";
        output.line("run " + run.name() + " goes on in the background; " + find
                + (output.lasting()
                        ? ""
                        : "; this kernel takes no output after a cell has ended, so it is not to be seen here"));
        return run;
    }

    /** A display that follows a run. */
    private record Watched(LiveTraining live, Screen.AutoCloseableQuietly shown) {}

    private Watched watch(StartedRun run, Output where) {
        LiveTraining live = new LiveTraining(run.steps(), nanos);
        live.begin();
        run.heard().watch(live);
        return new Watched(live, where.live(live));
    }

    /** The end, in the cell that began it; called on the run's own thread. */
    private static void draw(StartedRun run, Watched watched, Output cell) {
        run.heard().unwatch(watched.live());
        try {
            conclude(run, watched, cell);
        } catch (RejectedExecutionException | CancellationException closed) {
            // The notebook has been closed meanwhile.
        }
    }

    private static void conclude(StartedRun run, Watched watched, Output where) {
        watched.live().conclude(ending(run));
        watched.shown().close();
        run.result().ifPresent(result -> where.draw(result.charts()));
    }

    /** Tables of a run that has ended; what stopped it, if something did. */
    private static Content ending(StartedRun run) {
        Content before = Content.EMPTY;
        Optional<ShardException> problem = run.problem();
        if (problem.isPresent() && !problem.get().failures().isEmpty()) {
            before = FailureCard.of(problem.get().failures()).content();
        } else if (run.state() != StartedRun.State.DONE) {
            before = Content.line("run " + run.name() + ": " + (run.note().isEmpty() ? run.story() : run.note()));
        }
        return run.result()
                .map(result -> Output.content(result.throughput(), result.memoryGrid()))
                .map(before::above)
                .orElse(before);
    }

    Table jobs() {
        return output.table(jobs(lab.get().subjects().runs().all()));
    }

    static Grid<Started<?>> jobs(List<Started<?>> runs) {
        return new Grid<>(
                runs.isEmpty()
                        ? "no run was begun; %shard train -a begins one in the background, %%shard -a a cell"
                        : "runs",
                List.of(
                        Column.text("name", "name", Started::name),
                        Column.text("kind", "what", Started::kind),
                        Column.text("state", "state", run -> run.state().name().toLowerCase(Locale.ROOT)),
                        Column.text("place", "begun in", run -> run.inBackground() ? "background" : "cell"),
                        Column.optionalText("model", "model", run -> training(run, StartedRun::model)),
                        Column.optionalText("scheme", "scheme", run -> training(run, StartedRun::scheme)),
                        Column.optionalText(
                                "ranks",
                                "ranks",
                                run -> run instanceof StartedCell cell ? Optional.of(cell.ranks()) : Optional.empty()),
                        Column.whole("steps_done", "steps done", run -> steps(run, StartedRun::stepsDone)),
                        Column.whole("steps", "of steps", run -> steps(run, StartedRun::steps)),
                        Column.optionalNumber("loss_last", "last loss", 4, run -> figure(run, RunSoFar::lastLoss)),
                        Column.optionalNumber(
                                "tokens_per_s", rate(runs), 0, run -> figure(run, RunSoFar::tokensPerSecond)),
                        Column.number("seconds", "seconds", 1, Started::seconds),
                        Column.optionalText("folder", "folder", run -> training(run, StartedRun::folder)
                                .flatMap(folder -> folder)
                                .map(folder -> String.valueOf(folder.getFileName()))),
                        Column.optionalText("problem", "problem", run -> run.problem()
                                .map(problem -> String.valueOf(problem.getMessage())))),
                runs);
    }

    /** What the throughput of these runs counts. */
    private static String rate(List<Started<?>> runs) {
        String units = runs.stream()
                .flatMap(run -> training(run, known -> known.heard().unit()).stream())
                .distinct()
                .sorted()
                .collect(Collectors.joining(" or "));
        return (units.isEmpty() ? "tokens" : units) + "/s";
    }

    private static <T> Optional<T> training(Started<?> run, Function<StartedRun, T> fact) {
        return run instanceof StartedRun training ? Optional.of(fact.apply(training)) : Optional.empty();
    }

    private static OptionalLong steps(Started<?> run, ToLongFunction<StartedRun> count) {
        return run instanceof StartedRun training ? OptionalLong.of(count.applyAsLong(training)) : OptionalLong.empty();
    }

    private static OptionalDouble figure(Started<?> run, Function<RunSoFar, OptionalDouble> figure) {
        return training(run, known -> figure.apply(known.heard())).orElse(OptionalDouble.empty());
    }

    /** Waits, showing nothing until the end. */
    Object await(Optional<String> name) {
        Started<?> run = lab.get().subjects().runs().find("wait", name);
        if (run instanceof StartedCell cell) {
            return cells.await(cell);
        }
        return shown((StartedRun) run, ((StartedRun) run).await());
    }

    private Object shown(StartedRun run, Run result) {
        output.show(ending(run));
        output.draw(result.charts());
        return result;
    }

    /** Shows it live. */
    Object attach(Optional<String> name) {
        Started<?> run = lab.get().subjects().runs().find("attach", name);
        return run instanceof StartedCell cell ? cells.attach(cell) : attach((StartedRun) run);
    }

    private Object attach(StartedRun run) {
        if (run.isOver()) {
            return shown(run, run.await());
        }
        Watched watched = watch(run, output);
        Run result;
        try {
            result = run.await();
            watched.live().conclude(ending(run));
        } finally {
            run.heard().unwatch(watched.live());
            watched.shown().close();
        }
        output.draw(result.charts());
        return result;
    }

    Object interrupt(Optional<String> name, Selection selection) {
        output.line(lab.get().subjects().background().stop(name, selection));
        return lab.get().subjects().runs().find("interrupt", name);
    }

    Object restart(Selection selection) {
        LiveProgress live = new LiveProgress(nanos);
        try (Screen.AutoCloseableQuietly watched = output.live(live)) {
            Workers.Restarted restarted = lab.get().subjects().workers().restart(selection, live);
            live.conclude(
                    Output.content(WorkerGrids.workers(restarted.running())).above(Content.lines(restarted.told())));
            return WorkerGrids.workers(restarted.running()).table();
        }
    }

    /** The cell's thread waits between looks; where nobody watches, the last look is shown. */
    Table top(Duration time) {
        TopView view = new TopView(nanos);
        Lab open = lab.get();
        List<Workers.StatusRow> first = open.subjects().observations().status();
        view.see(first, open.subjects().runs().underWay());
        long end = nanos.getAsLong()
                + (first.isEmpty() ? 0 : time.toNanos()); // Nobody waits to see that there is nothing.
        try (Screen.AutoCloseableQuietly watched = output.live(view)) {
            while (nanos.getAsLong() < end) {
                long rest = (end - nanos.getAsLong()) / 1_000_000;
                Thread.sleep(Math.max(1, Math.min(TOP_MILLIS, rest)));
                view.see(
                        open.subjects().observations().status(),
                        open.subjects().runs().underWay());
            }
        } catch (InterruptedException enough) {
            throw ShardException.interrupted("interrupted: top; nothing else was stopped");
        }
        return view.table();
    }
}
