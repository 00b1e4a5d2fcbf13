package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.command.CompareOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.trial.Rounds;
import io.shardlab.magics.trial.SchemeResult;
import io.shardlab.magics.trial.Trial;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.plan.Words;
import io.shardlab.run.TrainSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * The runs of one comparison of training: schemes and independent single runs in turn, each from the same fresh weights. The
 * others are predicted from the arithmetic of the single device.
 */
final class ComparisonRun implements Comparisons.Trials<Comparison> {

    private final Backend backend;
    private final CompareOptions options;
    private final Path data;
    private final ComparisonListener listener;
    private final List<SchemeResult> results = new ArrayList<>();
    private final Map<Integer, List<Double>> apartMillis = new TreeMap<>();
    private final Rounds<Entry> rounds;

    /** One thing to run: a scheme, or independent single runs on several ranks. */
    private record Entry(String label, PlanOptions placement, OptionalInt result) {
        boolean apart() {
            return result.isEmpty();
        }
    }

    ComparisonRun(Backend backend, CompareOptions options, List<Plan> plans, Path data, ComparisonListener listener) {
        this.backend = backend;
        this.options = options;
        this.data = data;
        this.listener = listener;
        List<Entry> entries = new ArrayList<>();
        List<PlanOptions> placements = options.placements();
        for (int i = 0; i < plans.size(); i++) {
            String label = options.schemes().get(i).label();
            results.add(new SchemeResult(options.schemes().get(i), plans.get(i), List.of(), List.of()));
            entries.add(new Entry(label, placements.get(i), OptionalInt.of(i)));
        }
        if (plans.stream().anyMatch(plan -> plan.scheme().equals(Scheme.SINGLE))) {
            plans.stream()
                    .map(plan -> plan.mesh().size())
                    .filter(workers -> workers > 1)
                    .distinct()
                    .sorted()
                    .forEach(workers ->
                            entries.add(new Entry(workers + " × single", options.apart(workers), OptionalInt.empty())));
        }
        this.rounds = new Rounds<>(entries, ComparisonRun::isSingle, options.repeat());
    }

    @Override
    public Comparison run() {
        rounds.run(this::trial, this::predict);
        return soFar();
    }

    /** Prices all plans with the rates that the run before has shown; called once warm, then after each run of the single device. */
    private void predict() {
        List<PlanOptions> placements = options.placements();
        for (int i = 0; i < results.size(); i++) {
            results.set(i, results.get(i).with(backend.plans().plan(placements.get(i))));
        }
    }

    private static boolean isSingle(Entry entry) {
        return entry.placement().scheme().equals(Optional.of(Scheme.SINGLE));
    }

    private void record(Entry entry, Trial trial) {
        if (entry.apart()) {
            apartMillis
                    .computeIfAbsent(
                            entry.placement().scheme().orElse(Scheme.SINGLE).numRanks(), key -> new ArrayList<>())
                    .add(trial.stepMillis());
        } else {
            int index = entry.result().getAsInt();
            results.set(index, results.get(index).with(trial));
        }
    }

    private OptionalDouble trial(Entry entry, boolean timed) {
        Optional<Trial> trial = trained(entry).map(Trial::of);
        if (timed && trial.isPresent()) {
            record(entry, trial.get());
            if (isSingle(entry)) {
                predict();
            }
        }
        return trial.isPresent() ? OptionalDouble.of(trial.get().stepMillis()) : OptionalDouble.empty();
    }

    /** Places and trains; empty once the user has asked to stop. */
    private Optional<Runs.TrainOutcome> trained(Entry entry) {
        listener.ran(soFar(), rounds.done(), rounds.total(), entry.label());
        if (backend.comparing().stopping()) {
            return Optional.empty();
        }
        Plan placed = backend.plans().place(entry.placement()).plan();
        if (backend.comparing().stopping()) {
            return Optional.empty();
        }
        Runs.TrainRequest request = new Runs.TrainRequest(
                placed.workload(),
                Optional.empty(),
                TrainSettings.DEFAULT.withSteps(options.steps() + 1),
                data,
                options.source(),
                0,
                Optional.empty(),
                OptionalInt.empty());
        Runs.TrainOutcome outcome = backend.comparing().run(request, entry.apart());
        return outcome.cancelled() ? Optional.empty() : Optional.of(outcome);
    }

    private Comparison soFar() {
        Plan first = results.get(0).plan();
        String subject = first.model()
                + backend.workers().simulated().map(what -> ", " + what).orElse("");
        String conditions = "batch " + first.workload().batch()
                + (first.sampleShape().isPresent()
                        ? ""
                        : " × " + first.workload().sequence() + " tokens") + ", "
                + Words.counted(options.steps(), "timed step") + " in "
                + (options.repeat() == 1 ? "one run" : "each of " + options.repeat() + " interleaved runs");
        return new Comparison(subject, conditions, results, apartMillis, rounds.notes());
    }
}
