package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.command.CompareOptions;
import io.shardlab.magics.command.ComparedScheme;
import io.shardlab.magics.command.InferOptions;
import io.shardlab.magics.trial.GenerationResult;
import io.shardlab.magics.trial.GenerationTrial;
import io.shardlab.magics.trial.Rounds;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** The runs of one comparison of generation: each scheme continues the same prompt from the same weights, in turn. */
final class GenerationComparisonRun implements Comparisons.Trials<GenerationComparison> {

    private final Backend backend;
    private final CompareOptions options;
    private final InferOptions generation;
    private final ComparisonListener listener;
    private final List<Integer> prompt;
    private final List<GenerationResult> results = new ArrayList<>();
    private final Rounds<Integer> rounds;

    /** @throws IllegalArgumentException if the model says no tokens */
    GenerationComparisonRun(
            Backend backend,
            CompareOptions options,
            InferOptions generation,
            List<Plan> plans,
            ComparisonListener listener) {
        this.backend = backend;
        this.options = options;
        this.generation = generation;
        this.listener = listener;
        this.prompt = Generation.prompt("compare --infer", plans.get(0), generation.prompt());
        List<Integer> indices = new ArrayList<>();
        for (int i = 0; i < plans.size(); i++) {
            ComparedScheme scheme = options.schemes().get(i);
            results.add(new GenerationResult(scheme, plans.get(i), List.of()));
            indices.add(i);
        }
        this.rounds =
                new Rounds<>(indices, i -> results.get(i).plan().scheme().equals(Scheme.SINGLE), options.repeat());
    }

    @Override
    public GenerationComparison run() {
        rounds.run(this::trial, () -> {});
        return soFar();
    }

    private OptionalDouble trial(int index, boolean timed) {
        listener.ran(
                soFar(),
                rounds.done(),
                rounds.total(),
                results.get(index).scheme().label());
        if (backend.comparing().stopping()) {
            return OptionalDouble.empty();
        }
        backend.plans().place(options.placements().get(index));
        if (backend.comparing().stopping()) {
            return OptionalDouble.empty();
        }
        Runs.InferOutcome outcome = backend.comparing().infer(prompt, generation.maxNew());
        if (outcome.tokens().size() < generation.maxNew()) {
            return OptionalDouble.empty();
        }
        GenerationTrial trial = GenerationTrial.of(outcome);
        if (timed) {
            results.set(index, results.get(index).with(trial));
        }
        return OptionalDouble.of(trial.meanMillis());
    }

    private GenerationComparison soFar() {
        Plan first = results.get(0).plan();
        String subject = first.model()
                + backend.workers().simulated().map(what -> ", " + what).orElse("");
        String conditions = prompt.size() + " prompt tokens, " + generation.maxNew() + " new tokens in each of "
                + options.repeat() + (options.repeat() == 1 ? " run" : " interleaved runs");
        return new GenerationComparison(subject, conditions, results, rounds.notes());
    }
}
