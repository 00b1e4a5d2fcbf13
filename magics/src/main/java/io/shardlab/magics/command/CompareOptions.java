package io.shardlab.magics.command;

import io.shardlab.plan.Options;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Which schemes to compare, on what.
 *
 * @param steps timed steps of each run; one more goes before them
 * @param repeat timed runs of each scheme
 * @param workload batch and length; micro-batches and schedule are each scheme's own
 * @param source of the data, as for {@code train}
 */
public record CompareOptions(
        String model,
        List<ComparedScheme> schemes,
        int steps,
        int repeat,
        WorkloadChoice workload,
        Optional<TensorType> type,
        OptionalLong seed,
        Optional<String> source) {

    /** What two workers allow. */
    public static final String SCHEMES = "single; naive=2; tp=2; pp=2,m=8; dp=2";

    /** The same for one sequence that is continued. */
    public static final String GENERATING = "single; tp=2; pp=2";

    static final int STEPS = 5;
    static final int REPEAT = 3;
    private static final int BATCH = 8;
    private static final int MOST_PARTS = 1 << 16;

    public CompareOptions {
        schemes = List.copyOf(schemes);
        if (schemes.isEmpty()) {
            throw new IllegalArgumentException("no scheme to compare; such as " + SCHEMES);
        }
        if (steps < 1 || repeat < 1) {
            throw new IllegalArgumentException("steps " + steps + " and repeat " + repeat + " must be at least 1");
        }
    }

    /** Schemes written as in {@code --schemes}. */
    public static CompareOptions of(String model, String schemes) {
        return new CompareOptions(
                model,
                ComparedScheme.parseAll(schemes),
                STEPS,
                REPEAT,
                WorkloadChoice.DEFAULT,
                Optional.empty(),
                OptionalLong.empty(),
                Optional.empty());
    }

    public CompareOptions withSteps(int changed) {
        return new CompareOptions(model, schemes, changed, repeat, workload, type, seed, source);
    }

    public CompareOptions withRepeat(int changed) {
        return new CompareOptions(model, schemes, steps, changed, workload, type, seed, source);
    }

    public CompareOptions withWorkload(int batch, int sequence) {
        WorkloadChoice changed = new WorkloadChoice(
                OptionalInt.of(batch), OptionalInt.of(sequence), OptionalInt.empty(), Optional.empty());
        return new CompareOptions(model, schemes, steps, repeat, changed, type, seed, source);
    }

    /** Compares on a text file, a folder, {@code java-code} or {@code random}. */
    public CompareOptions withSource(String changed) {
        return new CompareOptions(model, schemes, steps, repeat, workload, type, seed, Optional.of(changed));
    }

    /** Workers that the widest scheme needs. */
    public int numWorkers() {
        return schemes.stream().mapToInt(one -> one.scheme().numRanks()).max().orElse(1);
    }

    /**
     * How each scheme is placed, all with one batch: the one that was asked for, else 8 or the next number that all schemes divide.
     */
    public List<PlanOptions> placements() {
        int batch = workload.batch().orElseGet(this::dividedByAll);
        List<PlanOptions> placements = new ArrayList<>();
        for (ComparedScheme scheme : schemes) {
            if (batch % scheme.parts() != 0) {
                throw new IllegalArgumentException(
                        "batch " + batch + " cannot be divided as " + scheme + " wants it: into " + scheme.parts()
                                + " parts; every scheme gets the same batch, for instance --batch " + dividedByAll());
            }
            placements.add(scheme.placement(this, batch));
        }
        return placements;
    }

    private int dividedByAll() {
        long parts = 1;
        for (ComparedScheme scheme : schemes) {
            parts = parts / gcd(parts, scheme.parts()) * scheme.parts();
            if (parts > MOST_PARTS) {
                throw new IllegalArgumentException("no batch of up to " + MOST_PARTS
                        + " sequences can be divided as all these schemes want it; leave some out");
            }
        }
        return (int) ((BATCH + parts - 1) / parts * parts);
    }

    private static long gcd(long a, long b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    /** The model on as many data ranks, each with the batch of a single one. */
    public PlanOptions apart(int ranks) {
        int batch = placements().get(0).workload().batch().orElseThrow();
        return new ComparedScheme(
                        "dp=" + ranks, Scheme.dp(ranks), OptionalInt.of(1), Optional.empty(), Options.DEFAULT, false)
                .placement(this, batch * ranks);
    }
}
