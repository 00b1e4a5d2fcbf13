package io.shardlab.plan;

import io.shardlab.tensor.TensorType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Tensors that go over the data axis in one call.
 *
 * <p>Small ones share a bucket of at most {@value #MOST_BYTES} bytes, because a call costs a latency; large ones stand alone
 * and are sent from where they lie. Buckets follow the backward pass, so that the first are complete while it still runs.
 * Each use of a parameter has a gradient of its own: the two of a tied parameter are summed over the data axis apart, and
 * with each other afterwards, as a single device that accumulates micro-batches does.
 *
 * <p>Where the optimizer is split over the data axis, a rank needs the sums of its own elements only, unless tensor ranks
 * share rows: one's own elements then lie elsewhere than another's, and each needs both summands of all.
 *
 * @param sliced whether each data rank needs or has its own elements only, as {@link OptimizerSlice} cuts them
 * @param pieces in the order in which the backward pass completes them
 */
public record GradientBucket(boolean sliced, List<Piece> pieces) {

    private static final long MOST_BYTES = 4 << 20;
    private static final long ALONE_BYTES = 256 << 10;

    /**
     * One tensor.
     *
     * @param segment that uses the parameter
     * @param numElements of the part that a rank holds
     */
    public record Piece(String segment, ParameterSpec parameter, long numElements) {}

    public GradientBucket {
        pieces = List.copyOf(pieces);
    }

    /** The gradients of a stage, as the rank at {@code tensorIndex} of the tensor axis holds them. */
    public static List<GradientBucket> ofGradients(Plan plan, Stage stage, int tensorIndex) {
        List<Piece> sliced = new ArrayList<>();
        List<Piece> whole = new ArrayList<>();
        for (Piece piece : uses(stage, tensorIndex)) {
            boolean slices = plan.splitsOptimizer() && !piece.parameter().sharesRows();
            (slices ? sliced : whole).add(piece);
        }
        List<GradientBucket> buckets = fill(true, sliced, plan.type());
        buckets.addAll(fill(false, whole, plan.type()));
        return buckets;
    }

    /** The weights of some stages, each once: what ranks give each other after an optimizer step on slices. */
    public static List<GradientBucket> ofWeights(Plan plan, List<Stage> stages, int tensorIndex) {
        Set<String> seen = new HashSet<>();
        List<Piece> pieces = new ArrayList<>();
        for (Stage stage : stages) {
            for (Piece piece : uses(stage, tensorIndex)) {
                if (seen.add(piece.parameter().name())) {
                    pieces.add(piece);
                }
            }
        }
        return fill(true, pieces, plan.type());
    }

    private static List<Piece> uses(Stage stage, int tensorIndex) {
        List<Piece> pieces = new ArrayList<>();
        for (Segment segment : stage.segments()) {
            for (ParameterSpec parameter : segment.parameters()) {
                long elements = parameter.localShape(tensorIndex).numElements();
                pieces.add(new Piece(segment.name(), parameter, elements));
            }
        }
        Collections.reverse(pieces);
        return pieces;
    }

    private static List<GradientBucket> fill(boolean sliced, List<Piece> pieces, TensorType type) {
        List<GradientBucket> buckets = new ArrayList<>();
        List<Piece> small = new ArrayList<>();
        long bytes = 0;
        for (Piece piece : pieces) {
            long more = piece.numElements() * type.bytes();
            if (more >= ALONE_BYTES) {
                buckets.add(new GradientBucket(sliced, List.of(piece)));
                continue;
            }
            if (bytes + more > MOST_BYTES) {
                buckets.add(new GradientBucket(sliced, small));
                small.clear();
                bytes = 0;
            }
            small.add(piece);
            bytes += more;
        }
        if (!small.isEmpty()) {
            buckets.add(new GradientBucket(sliced, small));
        }
        return buckets;
    }

    /** What sums the bucket over the data axis. */
    public Collective sum() {
        return sliced ? Collective.REDUCE_SCATTER : Collective.ALL_REDUCE;
    }

    public long numElements() {
        return pieces.stream().mapToLong(Piece::numElements).sum();
    }

    /** How many elements of the bucket each of {@code degree} data ranks owns, by {@link OptimizerSlice}. */
    public List<Long> elementsPerRank(int degree) {
        List<Long> sums = new ArrayList<>(Collections.nCopies(degree, 0L));
        for (Piece piece : pieces) {
            for (int rank = 0; rank < degree; rank++) {
                long own = OptimizerSlice.of(piece.numElements(), rank, degree).length();
                sums.set(rank, sums.get(rank) + own);
            }
        }
        return sums;
    }
}
