package io.shardlab.magics.local;

import io.shardlab.magics.backend.Runs;
import io.shardlab.plan.Plan;
import io.shardlab.trace.Bubble;
import io.shardlab.trace.Span;
import io.shardlab.trace.TimeTerm;
import io.shardlab.trace.Timeline;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Where the time of measured steps went.
 *
 * @param step one step, or for {@link #computeMillis} several
 */
record StepTerms(Plan plan, Timeline step) {

    /** Where the time of a step went, as means over the ranks, beside what was predicted. */
    List<Runs.TimeTerm> beside(Map<TimeTerm, Double> predicted) {
        if (step.spans().isEmpty()) {
            return List.of();
        }
        double ranks = plan.mesh().size();
        double passes = passes() / ranks;
        double inPasses = collectivesInPasses() / ranks;
        List<Runs.TimeTerm> terms = new ArrayList<>();
        double total = step.makespanNanos() / 1e6;
        double known = passes;
        terms.add(term("compute", predicted.get(TimeTerm.COMPUTE), passes - inPasses));
        if (plan.mesh().tensor() > 1) {
            terms.add(term("tensorCommunication", predicted.get(TimeTerm.TENSOR_COMMUNICATION), inPasses));
        }
        if (plan.mesh().data() > 1) {
            double exposed = 0;
            for (int rank = 0; rank < step.numRanks(); rank++) {
                exposed += step.exposedSyncNanos(rank) / 1e6 / ranks;
            }
            terms.add(term("dataSync", predicted.get(TimeTerm.DATA_SYNC), exposed));
            known += exposed;
        }
        if (plan.mesh().pipeline() > 1) {
            List<Bubble> bubbles = Bubble.of(step, plan.schedule(), plan.mesh());
            double fill = mean(bubbles, Bubble::fillDrainNanos);
            double imbalance = mean(bubbles, Bubble::imbalanceNanos);
            double latency = mean(bubbles, Bubble::latencyNanos);
            terms.add(term("bubble", predicted.get(TimeTerm.BUBBLE), fill));
            terms.add(term("imbalance", predicted.get(TimeTerm.IMBALANCE), imbalance));
            terms.add(term("latency", predicted.get(TimeTerm.LATENCY), latency));
            known += fill + imbalance + latency;
        }
        terms.add(term("other", predicted.get(TimeTerm.OTHER), Math.max(0, total - known)));
        return terms;
    }

    /** Arithmetic of passes, the mean over steps and ranks. */
    double computeMillis() {
        return (passes() - collectivesInPasses())
                / plan.mesh().size()
                / Math.max(1, step.steps().size());
    }

    private double passes() {
        return sum(Span.Kind.FORWARD) + sum(Span.Kind.BACKWARD) + sum(Span.Kind.BACKWARD_WEIGHT);
    }

    private double collectivesInPasses() {
        long nanos = 0;
        for (int rank = 0; rank < step.numRanks(); rank++) {
            nanos += step.collectiveNanos(rank, Span.Kind.FORWARD) + step.collectiveNanos(rank, Span.Kind.BACKWARD);
        }
        return nanos / 1e6;
    }

    private double sum(Span.Kind kind) {
        return step.spans().stream()
                        .filter(span -> span.kind() == kind)
                        .mapToLong(Span::nanos)
                        .sum()
                / 1e6;
    }

    private static double mean(List<Bubble> bubbles, ToLongFunction<Bubble> part) {
        return bubbles.stream().mapToLong(part).average().orElse(0) / 1e6;
    }

    private static Runs.TimeTerm term(String name, @Nullable Double predicted, double millis) {
        OptionalDouble before = predicted == null ? OptionalDouble.empty() : OptionalDouble.of(predicted);
        return new Runs.TimeTerm(name, before, OptionalDouble.of(millis));
    }
}
