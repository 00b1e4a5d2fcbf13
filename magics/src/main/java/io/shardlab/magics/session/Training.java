package io.shardlab.magics.session;

import io.shardlab.magics.command.TrainOptions;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/** The verb {@code train}: prepares, trains and writes the files of the run as it goes. */
final class Training {

    private final Backend backend;
    private final Work work;
    private final Preparation preparation;
    private final Path home;
    private final Journal journal;

    Training(Backend backend, Work work, Preparation preparation, Path home, Journal journal) {
        this.backend = backend;
        this.work = work;
        this.preparation = preparation;
        this.home = home;
        this.journal = journal;
    }

    Run train(TrainOptions options, Progress progress) {
        AtomicInteger stepsDone = new AtomicInteger();
        AtomicInteger stepSaved = new AtomicInteger();
        return work.call(
                "train",
                () -> {
                    ResumedRun resumed = resumed(options);
                    options.checkpoints().save().ifPresent(backend.checkpoints()::requireSavable);
                    stepsDone.set(resumed.done());
                    Preparation.Prepared prepared = preparation.prepare(
                            resumed.placement(), resumed.workload(), resumed.source(), resumed::check);
                    options.checkpoints().resume().ifPresent(folder -> backend.checkpoints()
                            .load(folder, progress));
                    RunFolder folder = RunFolder.create(
                            home,
                            options.name().orElse(prepared.plan().model().replaceAll("[^A-Za-z0-9._-]+", "_")),
                            prepared.plan());
                    Runs.TrainOutcome outcome = backend.runs()
                            .train(
                                    request(options, resumed, prepared),
                                    new Recorder(folder, progress, stepsDone, stepSaved));
                    Run run = new Run(outcome, folder.path());
                    folder.finish(run);
                    journal.ran(run);
                    return run;
                },
                () -> "weights kept at step " + stepsDone.get()
                        + (stepSaved.get() > 0 ? ", checkpoint of step " + stepSaved.get() : ""));
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
    private record Recorder(RunFolder folder, Progress listener, AtomicInteger stepsDone, AtomicInteger stepSaved)
            implements Progress {
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
        public void memory(MemoryUse use) {
            listener.memory(use);
        }

        @Override
        public void progress(String what, long done, long total) {
            listener.progress(what, done, total);
        }
    }
}
