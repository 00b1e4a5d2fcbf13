package io.shardlab.trace;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The spans of all ranks, estimated by the simulator or measured by a run; sorted by rank and start.
 *
 * <p>Shares are fractions of 1, of all ranks together. A timeline without spans has shares of 0.
 */
public record Timeline(boolean predicted, int numRanks, List<Span> spans) {

    /** By rank and start; an instant comes first, then a span before those that it contains. */
    private static final Comparator<Span> ORDER = Comparator.comparingInt(Span::rank)
            .thenComparingLong(Span::startNanos)
            .thenComparing(span -> span.nanos() > 0)
            .thenComparing(Comparator.comparingLong(Span::endNanos).reversed());

    public Timeline {
        spans = List.copyOf(spans);
    }

    /** The timeline of spans in any order. */
    public static Timeline of(boolean predicted, int numRanks, Collection<Span> spans) {
        List<Span> sorted = new ArrayList<>(spans);
        sorted.sort(ORDER);
        return new Timeline(predicted, numRanks, sorted);
    }

    /** The spans of one training step. */
    public Timeline step(int step) {
        return new Timeline(
                predicted,
                numRanks,
                spans.stream().filter(span -> span.step() == step).toList());
    }

    /** The steps that have spans, in order. */
    public List<Integer> steps() {
        return spans.stream().map(Span::step).distinct().sorted().toList();
    }

    public List<Span> ofRank(int rank) {
        return spans.stream().filter(span -> span.rank() == rank).toList();
    }

    /** The time that a rank spends in collectives inside passes of that kind. */
    public long collectiveNanos(int rank, Span.Kind pass) {
        List<Span> own = ofRank(rank);
        NavigableMap<Long, Span> passes = new TreeMap<>();
        own.stream().filter(span -> span.kind() == pass).forEach(span -> passes.put(span.startNanos(), span));
        return own.stream()
                .filter(span -> span.kind() == Span.Kind.COLLECTIVE)
                .filter(span -> {
                    Map.Entry<Long, Span> before = passes.floorEntry(span.startNanos());
                    return before != null
                            && span.endNanos() <= before.getValue().endNanos();
                })
                .mapToLong(Span::nanos)
                .sum();
    }

    /** From the first start to the last end of any span. */
    public long makespanNanos() {
        return window(spans);
    }

    /** The time a rank spends in passes and in the optimizer, collectives inside passes included. */
    public long busyNanos(int rank) {
        return spans.stream()
                .filter(span -> span.rank() == rank && (isPass(span) || span.kind() == Span.Kind.OPTIMIZER))
                .mapToLong(Span::nanos)
                .sum();
    }

    /** The time of all steps from the first start to the last end of a forward or backward pass of any rank. */
    public long passWindowNanos() {
        return steps().stream()
                .mapToLong(step -> window(
                        step(step).spans.stream().filter(Timeline::isPass).toList()))
                .sum();
    }

    /** The time a rank spends in forward and backward passes, their collectives included. */
    public long passNanos(int rank) {
        return spans.stream()
                .filter(span -> span.rank() == rank && isPass(span))
                .mapToLong(Span::nanos)
                .sum();
    }

    /**
     * The share of the pass windows in which ranks run no pass: 1 − Σ pass time / (ranks × pass window). For GPipe and 1F1B
     * with equal stages and free transfers it is (p−1)/(M+p−1).
     */
    public double bubbleShare() {
        long busy = 0;
        for (int rank = 0; rank < numRanks; rank++) {
            busy += passNanos(rank);
        }
        long available = numRanks * passWindowNanos();
        return available == 0 ? 0 : 1 - share(busy, available);
    }

    /**
     * The time that a rank spends on the data axis when it has no pass left to run in a step: what passes do not hide of
     * gradient sums, and the weights that a split optimizer gathers.
     */
    public long exposedSyncNanos(int rank) {
        long exposed = 0;
        for (int step : steps()) {
            List<Span> own = step(step).ofRank(rank);
            long passesEnd = own.stream()
                    .filter(Timeline::isPass)
                    .mapToLong(Span::endNanos)
                    .max()
                    .orElse(0);
            long end = passesEnd;
            for (Span span : own) {
                if (span.kind() == Span.Kind.DATA_SYNC) {
                    exposed += Math.max(0, span.endNanos() - Math.max(end, span.startNanos()));
                    end = Math.max(end, span.endNanos());
                }
            }
        }
        return exposed;
    }

    /**
     * The share of the makespan that ranks spend in collectives and sends. Receives are left out: they are mostly waiting,
     * which the bubble counts; so is what runs beside passes.
     */
    public double communicationShare() {
        long communicating =
                IntStream.range(0, numRanks).mapToLong(this::exposedSyncNanos).sum();
        communicating += spans.stream()
                .filter(span -> span.kind() == Span.Kind.COLLECTIVE || span.kind() == Span.Kind.SEND)
                .mapToLong(Span::nanos)
                .sum();
        return share(communicating, numRanks * makespanNanos());
    }

    static boolean isPass(Span span) {
        return span.kind().isPass();
    }

    private static long window(List<Span> spans) {
        long start = spans.stream().mapToLong(Span::startNanos).min().orElse(0);
        long end = spans.stream().mapToLong(Span::endNanos).max().orElse(0);
        return end - start;
    }

    private static double share(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }
}
