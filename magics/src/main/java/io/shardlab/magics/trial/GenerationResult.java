package io.shardlab.magics.trial;

import io.shardlab.magics.command.ComparedScheme;
import io.shardlab.magics.view.Figures;
import io.shardlab.magics.view.StepPartsChart.Cause;
import io.shardlab.plan.Plan;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.ToDoubleFunction;

/**
 * What was measured of one scheme that continued a prompt.
 *
 * @param trials timed runs that ended; none yet at the beginning
 */
public record GenerationResult(ComparedScheme scheme, Plan plan, List<GenerationTrial> trials)
        implements SchemeFigures {

    static final String REFERENCE = "reference";
    static final String SAME = "the same";
    static final String DIFFERENT = "DIFFERENT";

    public GenerationResult {
        trials = List.copyOf(trials);
    }

    public GenerationResult with(GenerationTrial trial) {
        List<GenerationTrial> more = new ArrayList<>(trials);
        more.add(trial);
        return new GenerationResult(scheme, plan, more);
    }

    @Override
    public boolean measured() {
        return !trials.isEmpty();
    }

    private double median(ToDoubleFunction<GenerationTrial> figure) {
        return Trial.median(trials.stream().mapToDouble(figure).toArray());
    }

    /** All tokens of a run over all of its time, the median of the runs. */
    @Override
    public double tokensPerSecond() {
        return 1000 / median(GenerationTrial::meanMillis);
    }

    /** Of the slowest run. */
    public double low() {
        return trials.stream()
                .mapToDouble(trial -> 1000 / trial.meanMillis())
                .min()
                .orElse(Double.NaN);
    }

    /** Of the quickest run. */
    public double high() {
        return trials.stream()
                .mapToDouble(trial -> 1000 / trial.meanMillis())
                .max()
                .orElse(Double.NaN);
    }

    public double firstMillis() {
        return median(GenerationTrial::firstMillis);
    }

    public double tokenMillis() {
        return median(GenerationTrial::laterMillis);
    }

    public OptionalLong peakBytes() {
        return trials.stream().mapToLong(GenerationTrial::peakBytes).max();
    }

    /** Where the time of a token goes, the median of the runs. */
    public Map<Cause, Double> causes() {
        Map<Cause, Double> causes = new EnumMap<>(Cause.class);
        for (Cause cause : List.of(Cause.COMPUTE, Cause.COMMUNICATION, Cause.IDLE)) {
            causes.put(cause, median(trial -> trial.causes().getOrDefault(cause, 0.0)));
        }
        return causes;
    }

    public double percent(Cause cause) {
        double total =
                causes().values().stream().mapToDouble(Double::doubleValue).sum();
        return total > 0 ? 100 * causes().getOrDefault(cause, 0.0) / total : 0;
    }

    List<Integer> tokens() {
        return trials.isEmpty() ? List.of() : trials.get(0).tokens();
    }

    /** Whether all runs said what the reference said, token for token. */
    public String verdict(GenerationResult reference) {
        for (GenerationTrial trial : trials) {
            List<Integer> expected = reference.tokens();
            int length = Math.min(expected.size(), trial.tokens().size());
            for (int at = 0; at < length; at++) {
                if (!expected.get(at).equals(trial.tokens().get(at))) {
                    return DIFFERENT + " from token " + (at + 1) + ": "
                            + trial.tokens().get(at) + " for " + expected.get(at);
                }
            }
            if (expected.size() != trial.tokens().size()) {
                return DIFFERENT + ": " + trial.tokens().size() + " tokens for " + expected.size();
            }
        }
        return reference == this ? REFERENCE : SAME;
    }

    public boolean differs(GenerationResult reference) {
        return verdict(reference).startsWith(DIFFERENT);
    }

    /** A token and what most of it is. */
    public String token() {
        return Figures.decimal(tokenMillis(), 2) + " ms (computing " + Figures.decimal(percent(Cause.COMPUTE), 0)
                + " %"
                + (plan.mesh().tensor() > 1
                        ? ", communication " + Figures.decimal(percent(Cause.COMMUNICATION), 0) + " %"
                        : "")
                + (plan.mesh().pipeline() > 1
                        ? ", waiting for another stage " + Figures.decimal(percent(Cause.IDLE), 0) + " %"
                        : "")
                + ")";
    }
}
