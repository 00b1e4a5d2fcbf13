package io.shardlab.magics.session;

import io.shardlab.magics.trial.SchemeResult;
import io.shardlab.magics.view.Figures;
import io.shardlab.magics.view.StepPartsChart.Cause;
import io.shardlab.plan.Scheme;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** Why the fastest scheme of a comparison is the fastest, in one sentence of figures that were measured. */
record Explanation(Comparison comparison) {

    String sentence() {
        Optional<SchemeResult> found = comparison.standing().fastest();
        if (found.isEmpty()) {
            return "Nothing was measured.";
        }
        SchemeResult winner = found.get();
        Optional<SchemeResult> next = comparison.standing().fastestBeside(winner);
        if (next.isEmpty()) {
            return winner.scheme() + " alone was measured: " + step(winner) + ".";
        }
        SchemeResult second = next.get();
        return head(winner, second) + (winner.workers() == 1 ? whyNotSplit(second) : why(winner, second)) + ".";
    }

    private String head(SchemeResult winner, SchemeResult second) {
        StringBuilder head = new StringBuilder();
        boolean clear = winner.high() < second.low();
        head.append(winner.scheme())
                .append(" is fastest with ")
                .append(Figures.decimal(winner.tokensPerSecond(), 0))
                .append(" " + comparison.unit() + "/s")
                .append(clear ? "" : " (within the spread of " + second.scheme() + ")");
        OptionalDouble overSingle = comparison.standing().speedup(winner);
        if (overSingle.isPresent() && winner.workers() > 1) {
            head.append(", ").append(times(overSingle.getAsDouble())).append(" single");
        }
        OptionalDouble overNaive = comparison.speedupOverNaive(winner);
        if (overNaive.isPresent() && !winner.scheme().naive()) {
            head.append(", ")
                    .append(times(overNaive.getAsDouble()))
                    .append(" ")
                    .append(comparison.naive(winner).orElse(winner).scheme());
        }
        OptionalDouble efficiency = comparison.efficiency(winner);
        if (efficiency.isPresent() && winner.workers() > 1) {
            head.append(" and ")
                    .append(Figures.decimal(100 * efficiency.getAsDouble(), 0))
                    .append(" % of what ")
                    .append(winner.workers())
                    .append(" independent single runs at once reach");
        }
        return head.toString();
    }

    private static String why(SchemeResult winner, SchemeResult second) {
        return ": a step takes " + step(winner) + ", that of " + second.scheme() + " " + step(second);
    }

    /** Splitting does not pay: what it saved in computing it lost elsewhere. */
    private String whyNotSplit(SchemeResult second) {
        String saved = comparison
                .standing()
                .single()
                .map(single -> single.causes().get(Cause.COMPUTE))
                .map(alone -> {
                    Double split = second.causes().get(Cause.COMPUTE);
                    return split == null
                            ? ""
                            : ": the computing of a rank goes from " + Figures.decimal(alone, 1) + " to "
                                    + Figures.decimal(split, 1) + " ms";
                })
                .orElse("");
        return "; the best split, " + second.scheme() + ", reaches "
                + times(second.tokensPerSecond()
                        / comparison.standing().fastest().orElse(second).tokensPerSecond())
                + " of it" + saved + ", and a step takes " + step(second);
    }

    /** A step and what most of it is. */
    private static String step(SchemeResult result) {
        Map<Cause, Double> causes = result.causes();
        double total = causes.values().stream().mapToDouble(Double::doubleValue).sum();
        StringBuilder text = new StringBuilder(Figures.decimal(result.stepMillis(), 1) + " ms");
        if (total > 0) {
            text.append(" (computing ").append(percent(causes, Cause.COMPUTE, total));
            Scheme scheme = result.plan().scheme();
            if (scheme.tensor() > 1 || scheme.data() > 1) {
                text.append(", communication ").append(percent(causes, Cause.COMMUNICATION, total));
            }
            if (scheme.pipeline() > 1) {
                text.append(", waiting in the pipeline ").append(percent(causes, Cause.IDLE, total));
            }
            text.append(")");
        }
        return text.toString();
    }

    private static String percent(Map<Cause, Double> causes, Cause cause, double total) {
        return Figures.decimal(100 * causes.getOrDefault(cause, 0.0) / total, 0) + " %";
    }

    private static String times(double factor) {
        return Figures.decimal(factor, 2) + " ×";
    }
}
