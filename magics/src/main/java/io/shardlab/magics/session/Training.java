package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.command.TrainOptions;
import io.shardlab.plan.Plan;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;
import java.nio.file.Path;
import java.util.function.LongSupplier;

/** The verb {@code train}, in the cell or in the background: prepares, trains and writes the files of the run as it goes. */
final class Training {

    private final Backend backend;
    private final Work work;
    private final Preparation preparation;
    private final Path home;
    private final Journal journal;
    private final StartedRuns runs;
    private final InBackground background;
    private final LongSupplier nanos;

    Training(
            Backend backend,
            Work work,
            Preparation preparation,
            Path home,
            Journal journal,
            StartedRuns runs,
            InBackground background,
            LongSupplier nanos) {
        this.backend = backend;
        this.work = work;
        this.preparation = preparation;
        this.home = home;
        this.journal = journal;
        this.runs = runs;
        this.background = background;
        this.nanos = nanos;
    }

    /** Trains, and waits for it. */
    Run train(TrainOptions options, Progress progress) {
        StartedRun started =
                new StartedRun(name(options), false, options.settings().steps(), nanos);
        started.heard().watch(progress);
        try {
            return waitFor(options, started);
        } catch (ShardException told) {
            started.note(String.valueOf(told.getMessage()));
            started.stopping();
            throw told;
        }
    }

    /** Trains in the background; refuses here what cannot begin, as far as that is known soon. */
    StartedRun start(TrainOptions options) {
        int steps = steps(options);
        StartedRun started = new StartedRun(name(options), true, steps, nanos);
        return background.begin(started, () -> waitFor(options, started));
    }

    private String name(TrainOptions options) {
        String model = options.placement()
                .map(placement -> placement.model())
                .or(() -> options.checkpoints().resume().map(Path::getFileName).map(String::valueOf))
                .or(() -> backend.plans().placed().map(Plan::model))
                .orElse("run");
        return runs.freeName(options.name(), fileName(model));
    }

    private static String fileName(String model) {
        return model.replaceAll("[^A-Za-z0-9._-]+", "_");
    }

    private Run waitFor(TrainOptions options, StartedRun started) {
        return work.call(
                "train",
                () -> {
                    runs.add(started);
                    try {
                        Run run = trained(options, started);
                        started.end(run);
                        return run;
                    } catch (RuntimeException failed) {
                        started.fail(Work.translated(failed));
                        if (started.folder().isEmpty() && !started.inBackground()) {
                            runs.remove(started);
                        }
                        throw failed;
                    }
                },
                doing -> {
                    started.stoppedIn(doing);
                    return started.kept();
                });
    }

    private Run trained(TrainOptions options, StartedRun started) {
        ResumedRun resumed = resumed(options);
        options.checkpoints().save().ifPresent(backend.checkpoints()::requireSavable);
        Preparation.Prepared prepared =
                preparation.prepare(resumed.placement(), resumed.workload(), resumed.source(), resumed::check);
        Runs.TrainRequest request = request(options, resumed, prepared);
        Plan plan = backend.runs().replanned(request);
        options.checkpoints().save().ifPresent(backend.checkpoints()::requireRoom);
        options.checkpoints().resume().ifPresent(folder -> backend.checkpoints().load(folder, started.heard()));
        RunFolder folder = RunFolder.create(home, options.name().orElse(fileName(plan.model())), plan);
        started.heard().begins(plan);
        started.prepared(
                request, new StartedRun.Placement(plan.model(), plan.scheme().toString()), folder.path());
        try {
            return finished(backend.runs().train(request, new Recorder(folder, started.heard())), folder);
        } catch (Runs.UnsavedRun unsaved) {
            finished(unsaved.outcome(), folder);
            throw unsaved.reason();
        }
    }

    private Run finished(Runs.TrainOutcome outcome, RunFolder folder) {
        Run run = new Run(outcome, folder.path());
        folder.finish(run);
        journal.ran(run);
        return run;
    }

    private static Runs.TrainRequest request(TrainOptions options, ResumedRun resumed, Preparation.Prepared prepared) {
        return new Runs.TrainRequest(
                prepared.workload(),
                prepared.schedule(),
                resumed.settings(),
                prepared.data(),
                resumed.source(),
                resumed.done(),
                options.checkpoints().save(),
                options.checkpoints().every());
    }

    private ResumedRun resumed(TrainOptions options) {
        return options.checkpoints()
                .resume()
                .map(folder -> ResumedRun.of(
                        options,
                        folder,
                        backend.checkpoints().saved(folder),
                        backend.plans().placed()))
                .orElseGet(() -> ResumedRun.fresh(options));
    }

    /** Steps that training will show: of a resumed run those that are left. */
    int steps(TrainOptions options) {
        return work.call("train", () -> {
            ResumedRun resumed = resumed(options);
            return resumed.settings().steps() - resumed.done();
        });
    }

    /** Writes each step to its file before anyone else hears of it. */
    private record Recorder(RunFolder folder, Progress listener) implements Progress {
        @Override
        public void saved(int step) {
            listener.saved(step);
        }

        @Override
        public void step(StepMetrics metrics) {
            folder.step(metrics);
            listener.step(metrics);
        }

        @Override
        public void memory(MemoryUse use) {
            listener.memory(use);
        }

        @Override
        public void progress(String what, long done, long total) {
            listener.progress(what, done, total);
        }
    }
}
