package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Comparing;
import io.shardlab.magics.backend.FailedWorkers;
import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.command.CompareOptions;
import io.shardlab.magics.command.ComparedScheme;
import io.shardlab.magics.command.InferOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.magics.home.ScratchFolder;
import io.shardlab.plan.Plan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The verb {@code compare}: finds workers for all schemes, puts aside what is placed, lets the schemes run in turn and puts it
 * back.
 */
final class Comparisons {

    private final Backend backend;
    private final Work work;
    private final Preparation preparation;
    private final Path home;
    private final Journal journal;

    Comparisons(Backend backend, Work work, Preparation preparation, Path home, Journal journal) {
        this.backend = backend;
        this.work = work;
        this.preparation = preparation;
        this.home = home;
        this.journal = journal;
    }

    /** The runs of one comparison. */
    interface Trials<C extends Compared<C>> {
        /** Runs until all is done or the user asks to stop; what there is then. */
        C run();
    }

    /** Makes the runs from the schemes' plans; throws what can be refused before any of them. */
    private interface Maker<C extends Compared<C>> {
        Trials<C> of(List<Plan> plans, ComparisonListener listener);
    }

    /** Training. */
    Comparison compare(CompareOptions options, ComparisonListener listener) {
        return compare(
                options,
                listener,
                (plans, hearing) -> new ComparisonRun(
                        backend, options, plans, preparation.file(plans.get(0), options.source()), hearing));
    }

    /** Generation. */
    GenerationComparison compare(CompareOptions options, InferOptions generation, ComparisonListener listener) {
        return compare(
                options,
                listener,
                (plans, hearing) -> new GenerationComparisonRun(backend, options, generation, plans, hearing));
    }

    private <C extends Compared<C>> C compare(CompareOptions options, ComparisonListener listener, Maker<C> maker) {
        AtomicReference<String> far = new AtomicReference<>("nothing was measured yet");
        ComparisonListener counting = (soFar, done, total, next) -> {
            far.set(done + " of " + total + " runs had ended; "
                    + (soFar.isEmpty() ? "none of them was timed" : "what they measured is in the table"));
            listener.ran(soFar, done, total, next);
        };
        return work.call("compare", () -> compared(options, counting, maker), doing -> far.get());
    }

    private <C extends Compared<C>> C compared(CompareOptions options, ComparisonListener listener, Maker<C> maker) {
        options.placements().forEach(preparation::known);
        int running = backend.workers().status().size();
        if (running > 0) {
            requireWorkers(options, running);
            return besidePlaced(maker.of(plans(options), listener));
        }
        checkWithoutWorkers(options, maker);
        backend.workers().up(UpOptions.workers(options.numWorkers()));
        try {
            return kept(maker.of(plans(options), listener).run())
                    .withNote(options.numWorkers() + (options.numWorkers() == 1 ? " worker was" : " workers were")
                            + " started for this and stopped after it.");
        } finally {
            backend.workers().down(false);
        }
    }

    private static void requireWorkers(CompareOptions options, int running) {
        for (ComparedScheme scheme : options.schemes()) {
            int needed = scheme.scheme().numRanks();
            if (needed > running) {
                throw new IllegalArgumentException(scheme + " needs " + needed + " workers; there are " + running
                        + " (`%shard up -n " + options.numWorkers()
                        + " --replace`, or `%shard down` first: then compare "
                        + "starts its own)");
            }
        }
    }

    /** All plans; refuses one that does not fit. */
    private List<Plan> plans(CompareOptions options) {
        List<Plan> plans = new ArrayList<>();
        for (PlanOptions placement : options.placements()) {
            Plans.Estimate estimate = backend.plans().plan(placement);
            if (!estimate.fits()) {
                throw new Plans.DoesNotFit(estimate);
            }
            plans.add(estimate.plan());
        }
        return plans;
    }

    /** What can be refused before workers start is. A notebook's own model can only be planned when there are some. */
    private void checkWithoutWorkers(CompareOptions options, Maker<?> maker) {
        List<Plan> plans;
        try {
            plans = plans(options);
        } catch (IllegalStateException needsWorkers) {
            return;
        }
        maker.of(plans, ComparisonListener.SILENT);
    }

    /** Runs where something may be placed that the user wants back. */
    private <C extends Compared<C>> C besidePlaced(Trials<C> run) {
        ScratchFolder folder = ScratchFolder.create(home, "aside");
        Comparing.Aside aside;
        try {
            aside = backend.comparing().putAside(folder.resolve("checkpoint"));
        } catch (RuntimeException failed) {
            folder.close();
            throw failed;
        }
        C comparison;
        try {
            comparison = kept(run.run());
        } catch (RuntimeException failed) {
            Optional<String> lost = putBack(aside, folder).lost();
            throw lost.isEmpty() || failed instanceof FailedWorkers
                    ? failed
                    : new IllegalStateException(failed.getMessage() + "; " + lost.get(), failed);
        }
        PutBack back = putBack(aside, folder);
        return back.line().isEmpty() ? comparison : comparison.withNote(back.line());
    }

    /** How it went; {@code lost} says where the weights are if they could not be placed again. */
    private record PutBack(String line, Optional<String> lost) {}

    private PutBack putBack(Comparing.Aside aside, ScratchFolder folder) {
        String line;
        try {
            line = aside.putBack();
        } catch (RuntimeException cannot) {
            Path checkpoint = folder.resolve("checkpoint");
            if (!Files.isDirectory(checkpoint)) {
                folder.close();
                return new PutBack("", Optional.empty());
            }
            String lost = "What was placed before is not placed again ("
                    + Work.translated(cannot).getMessage() + "); it lies in " + checkpoint
                    + ", and `%shard place` and `%shard load` bring it back.";
            return new PutBack(lost, Optional.of(lost));
        }
        folder.close();
        return new PutBack(line.isEmpty() ? "" : line + ".", Optional.empty());
    }

    private <C extends Compared<C>> C kept(C comparison) {
        if (!comparison.isEmpty()) {
            journal.compared(comparison);
        }
        return comparison;
    }
}
