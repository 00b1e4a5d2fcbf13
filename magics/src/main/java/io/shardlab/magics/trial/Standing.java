package io.shardlab.magics.trial;

import io.shardlab.plan.Scheme;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How the schemes of a comparison stand to each other.
 *
 * @param results of all schemes, in the order in which they were named
 */
public record Standing<R extends SchemeFigures>(List<R> results) {

    public Standing {
        results = List.copyOf(results);
    }

    /** Those that have run at least once. */
    public List<R> measured() {
        return results.stream().filter(SchemeFigures::measured).toList();
    }

    public Optional<R> fastest() {
        return measured().stream().max(Comparator.comparingDouble(SchemeFigures::tokensPerSecond));
    }

    /** The fastest but for one; empty if only that one was measured. */
    public Optional<R> fastestBeside(R winner) {
        return measured().stream()
                .filter(result -> result != winner)
                .max(Comparator.comparingDouble(SchemeFigures::tokensPerSecond));
    }

    /** The one device that all are held against. */
    public Optional<R> single() {
        return measured().stream()
                .filter(result -> result.plan().scheme().equals(Scheme.SINGLE))
                .findFirst();
    }

    /** What all others must agree with: the single device, else the first scheme. */
    public R reference() {
        return single().orElse(measured().get(0));
    }

    /** How many times the tokens per second of the single device. */
    public OptionalDouble speedup(R result) {
        return over(result, single());
    }

    /** How many times the tokens per second of another one. */
    public OptionalDouble over(R result, Optional<R> base) {
        return base.isPresent() && result.measured()
                ? OptionalDouble.of(result.tokensPerSecond() / base.get().tokensPerSecond())
                : OptionalDouble.empty();
    }
}
