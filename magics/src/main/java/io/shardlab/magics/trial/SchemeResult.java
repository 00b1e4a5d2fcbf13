package io.shardlab.magics.trial;

import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.command.ComparedScheme;
import io.shardlab.magics.view.StepPartsChart.Cause;
import io.shardlab.plan.Plan;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What was measured of one scheme of a comparison, and what was predicted.
 *
 * @param trials timed runs that ended; none yet at the beginning
 * @param estimates of its plan, each with the rates that the single device has shown in one of its runs: an untimed one, then the
 *     timed ones
 */
public record SchemeResult(ComparedScheme scheme, Plan plan, List<Trial> trials, List<Plans.Estimate> estimates)
        implements SchemeFigures {

    public SchemeResult {
        trials = List.copyOf(trials);
        estimates = List.copyOf(estimates);
    }

    @Override
    public boolean measured() {
        return !trials.isEmpty();
    }

    /** The median of the runs' medians. */
    public double stepMillis() {
        return Trial.median(trials.stream().mapToDouble(Trial::stepMillis).toArray());
    }

    /** The quickest run's median. */
    public double low() {
        return trials.stream().mapToDouble(Trial::stepMillis).min().orElse(Double.NaN);
    }

    /** The slowest run's median. */
    public double high() {
        return trials.stream().mapToDouble(Trial::stepMillis).max().orElse(Double.NaN);
    }

    @Override
    public double tokensPerSecond() {
        return rate(stepMillis());
    }

    /** Half the difference between the quickest and the slowest run, in tokens per second. */
    public double spread() {
        return (rate(low()) - rate(high())) / 2;
    }

    private double rate(double millis) {
        return plan.workload().tokens() * 1000 / millis;
    }

    public OptionalDouble bubblePercent() {
        return median(Trial::bubblePercent);
    }

    public OptionalDouble communicationPercent() {
        return median(Trial::communicationPercent);
    }

    private OptionalDouble median(Function<Trial, OptionalDouble> figure) {
        return medianOf(trials.stream().map(figure));
    }

    private static OptionalDouble medianOf(Stream<OptionalDouble> figures) {
        double[] known = figures.filter(OptionalDouble::isPresent)
                .mapToDouble(OptionalDouble::getAsDouble)
                .toArray();
        return known.length == 0 ? OptionalDouble.empty() : OptionalDouble.of(Trial.median(known));
    }

    public OptionalLong peakBytes() {
        return trials.stream().mapToLong(Trial::peakBytes).max();
    }

    public OptionalLong plannedPeakBytes() {
        return estimates.stream()
                .limit(1)
                .flatMap(planned -> planned.ranks().stream())
                .mapToLong(rank -> Trial.tensorBytes(rank.memory()))
                .max();
    }

    /** The median over the single device's timed runs, so that one of them that was disturbed spoils nothing. */
    public OptionalDouble predictedStepMillis() {
        return predicted(Plans.Estimate::stepMillis);
    }

    public OptionalDouble predictedBubblePercent() {
        return predicted(Plans.Estimate::bubblePercent);
    }

    private OptionalDouble predicted(Function<Plans.Estimate, OptionalDouble> figure) {
        return medianOf(estimates.stream().skip(estimates.size() > 1 ? 1 : 0).map(figure));
    }

    /** Where the time of a step went, the median of the runs. */
    public Map<Cause, Double> causes() {
        Map<Cause, Double> causes = new EnumMap<>(Cause.class);
        for (Cause cause : Cause.values()) {
            if (trials.stream().anyMatch(trial -> trial.causes().containsKey(cause))) {
                causes.put(
                        cause,
                        Trial.median(trials.stream()
                                .mapToDouble(trial -> trial.causes().getOrDefault(cause, 0.0))
                                .toArray()));
            }
        }
        return causes;
    }

    public List<Double> losses() {
        return trials.isEmpty() ? List.of() : trials.get(0).losses();
    }

    public SchemeResult with(Trial trial) {
        List<Trial> more = new ArrayList<>(trials);
        more.add(trial);
        return new SchemeResult(scheme, plan, more, estimates);
    }

    public SchemeResult with(Plans.Estimate known) {
        List<Plans.Estimate> more = new ArrayList<>(estimates);
        more.add(known);
        return new SchemeResult(scheme, plan, trials, more);
    }
}
