package io.shardlab.magics.session;

import io.shardlab.magics.command.CompareOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.run.TrainSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * The runs of one comparison: each scheme once untimed, then rounds in turn, every other one backwards, so that what drifts with
 * time (clocks, compilers, neighbours) falls on all schemes alike. Every run starts from the same fresh weights.
 */
final class ComparisonRun {

    /** Untimed runs of the last scheme beyond the first, until one is hardly quicker than the one before. */
    private static final int MOST_EXTRA = 5;

    private static final double HARDLY = 0.9;

    private final Backend backend;
    private final CompareOptions options;
    private final Path data;
    private final ComparisonListener listener;
    private final List<SchemeResult> results = new ArrayList<>();
    private final List<Entry> entries = new ArrayList<>();
    private final Map<Integer, List<Double>> apartMillis = new TreeMap<>();
    private int done;
    private int extra;

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
        List<PlanOptions> placements = options.placements();
        for (int i = 0; i < plans.size(); i++) {
            String label = options.schemes().get(i).label();
            results.add(new SchemeResult(options.schemes().get(i), plans.get(i), List.of(), Optional.empty()));
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
    }

    /** Runs until all is done or the user asks to stop; what there is then. */
    Comparison run() {
        if (!warmUp()) {
            return soFar();
        }
        for (int round = 0; round < options.repeat(); round++) {
            List<Entry> order = new ArrayList<>(entries);
            if (round % 2 == 1) {
                Collections.reverse(order);
            }
            for (Entry entry : order) {
                Optional<Runs.TrainOutcome> outcome = trial(entry);
                if (outcome.isEmpty()) {
                    return soFar();
                }
                record(entry, Trial.of(outcome.get()));
                if (isSingle(entry)) {
                    predict();
                }
            }
        }
        return soFar();
    }

    /**
     * One run of each, the single device last and until compilers have done most: the others are predicted from its arithmetic.
     */
    private boolean warmUp() {
        List<Entry> order = new ArrayList<>(entries);
        order.sort(Comparator.comparing(ComparisonRun::isSingle));
        double millis = Double.POSITIVE_INFINITY;
        for (Entry entry : order) {
            Optional<Runs.TrainOutcome> outcome = trial(entry);
            if (outcome.isEmpty()) {
                return false;
            }
            millis = Trial.of(outcome.get()).stepMillis();
        }
        for (boolean warm = false; !warm && extra < MOST_EXTRA; ) {
            extra++;
            Optional<Runs.TrainOutcome> again = trial(order.get(order.size() - 1));
            if (again.isEmpty()) {
                return false;
            }
            double now = Trial.of(again.get()).stepMillis();
            warm = now > HARDLY * millis;
            millis = now;
        }
        predict();
        return true;
    }

    /** Prices all plans with the rates that the run before has shown; called after runs of the single device. */
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

    /** Places and trains; empty once the user has asked to stop. */
    private Optional<Runs.TrainOutcome> trial(Entry entry) {
        listener.ran(soFar(), done, numTrials(), entry.label());
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
        if (outcome.cancelled()) {
            return Optional.empty();
        }
        done++;
        return Optional.of(outcome);
    }

    private int numTrials() {
        return entries.size() * (options.repeat() + 1) + extra;
    }

    private Comparison soFar() {
        Plan first = results.get(0).plan();
        String subject = first.model()
                + backend.workers().simulated().map(what -> ", " + what).orElse("");
        String conditions = "batch " + first.workload().batch()
                + (first.sampleShape().isPresent()
                        ? ""
                        : " × " + first.workload().sequence() + " tokens") + ", "
                + options.steps() + " timed steps in each of " + options.repeat()
                + (options.repeat() == 1 ? " run" : " interleaved runs");
        List<String> notes = done < numTrials()
                ? List.of("Stopped after " + done + " of " + numTrials() + " runs, the untimed ones included.")
                : List.of();
        return new Comparison(subject, conditions, results, apartMillis, notes);
    }
}
