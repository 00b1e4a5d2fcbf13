package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.WorkloadChoice;
import io.shardlab.magics.home.Corpus;
import io.shardlab.magics.home.SampleSets;
import io.shardlab.plan.Plan;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BiConsumer;

/** What stands between a user's words and a run: everything that can be checked first, and what must be placed for it. */
final class Preparation {

    private final Backend backend;
    private final Corpus corpus;
    private final SampleSets sampleSets;

    Preparation(Backend backend, Corpus corpus, SampleSets sampleSets) {
        this.backend = backend;
        this.corpus = corpus;
        this.sampleSets = sampleSets;
    }

    /** A placed plan, the workload and schedule to run and the file of tokens or samples to run it on. */
    record Prepared(Plan plan, Plan.Workload workload, Optional<String> schedule, Path data) {}

    /** Refuses options that name a schedule that is not there. */
    PlanOptions known(PlanOptions options) {
        options.schedule().ifPresent(backend.plans().schedules()::require);
        return options;
    }

    /** Checks everything that can be checked before anything moves, then places what is not placed yet. */
    Prepared prepare(Optional<PlanOptions> placement, WorkloadChoice choice, Optional<String> data) {
        return prepare(placement, choice, data, (description, file) -> {});
    }

    /** The same, and {@code check} is told what the data are before anything moves. */
    Prepared prepare(
            Optional<PlanOptions> placement,
            WorkloadChoice choice,
            Optional<String> data,
            BiConsumer<String, Path> check) {
        choice.schedule().ifPresent(backend.plans().schedules()::require);
        Optional<String> where = data.map(SampleSets::located);
        Corpus.Source source = corpus.find(where);
        Optional<PlanOptions> missing = missing(placement);
        Plan plan = missing.map(options -> backend.plans().plan(options).plan()).orElseGet(this::placedPlan);
        Plan.Workload workload = backend.plans().schedules().completed(choice).over(plan.workload());
        if (missing.isEmpty()
                && (!workload.equals(plan.workload()) || choice.schedule().isPresent())) {
            requireRoom(workload, choice.schedule());
        }
        Path file = file(plan, workload, data, source, check);
        missing.ifPresent(backend.plans()::place);
        return new Prepared(missing.isPresent() ? placedPlan() : plan, workload, choice.schedule(), file);
    }

    /** Refuses what the placed model's workers have no memory for. */
    private void requireRoom(Plan.Workload workload, Optional<String> schedule) {
        Plans.Estimate estimate = backend.plans().repriced(workload, schedule);
        if (!estimate.fits()) {
            throw new Plans.DoesNotFit(estimate);
        }
    }

    /** The file of what a plan trains on. */
    Path file(Plan plan, Optional<String> data) {
        return file(plan, plan.workload(), data, corpus.find(data.map(SampleSets::located)), (description, file) -> {});
    }

    private Path file(
            Plan plan,
            Plan.Workload workload,
            Optional<String> data,
            Corpus.Source source,
            BiConsumer<String, Path> check) {
        Path file;
        if (plan.sampleShape().isPresent()) {
            file = sampleSets.find(
                    data.map(SampleSets::located), plan.sampleShape().get(), plan.vocabularySize());
            check.accept("--data " + data.orElse(Corpus.RANDOM), file);
        } else {
            Corpus.Tokens tokens = tokens(source.forModel(plan.model()), plan.vocabularySize(), workload.sequence());
            file = tokens.file();
            check.accept(tokens.description(), file);
        }
        return file;
    }

    private Corpus.Tokens tokens(Corpus.Source source, int vocabulary, int sequence) {
        Corpus.Tokens tokens = corpus.tokens(source, vocabulary);
        if (tokens.count() < sequence + 2L) {
            throw new IllegalArgumentException("seq " + sequence + " is too long for " + tokens.description() + " with "
                    + tokens.count() + " tokens; allowed: up to " + Math.max(0, tokens.count() - 2));
        }
        return tokens;
    }

    /** Places what is wanted and not placed yet; the plan on the workers then. */
    Plan placed(Optional<PlanOptions> wanted) {
        missing(wanted).ifPresent(backend.plans()::place);
        return placedPlan();
    }

    /** What must be placed first, if anything. */
    private Optional<PlanOptions> missing(Optional<PlanOptions> wanted) {
        Optional<Plan> placed = backend.plans().placed();
        return wanted.filter(options -> placed.isEmpty() || !options.matches(placed.get()));
    }

    private Plan placedPlan() {
        return backend.plans()
                .placed()
                .orElseThrow(() -> new IllegalStateException(
                        "no model is placed; `%shard place tiny --tp 2` places one, or name a MODEL"));
    }
}
