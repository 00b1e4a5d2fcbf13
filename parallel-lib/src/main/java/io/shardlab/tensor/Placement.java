package io.shardlab.tensor;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What each rank of the tensor axis holds of a tensor.
 *
 * <p>The three cases are those of GSPMD and PyTorch DTensor: replicate, shard, partial.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Placement.Replicated.class, name = "replicated"),
    @JsonSubTypes.Type(value = Placement.Split.class, name = "split"),
    @JsonSubTypes.Type(value = Placement.Partial.class, name = "partial")
})
public sealed interface Placement {

    /** The shape held by the rank at {@code index} of the tensor axis. */
    TensorShape localShape(TensorShape global, int index);

    /** Every rank holds all of it. */
    record Replicated() implements Placement {
        @Override
        public TensorShape localShape(TensorShape global, int index) {
            return global;
        }
    }

    /** Every rank holds a summand of full shape; the tensor is their sum. */
    record Partial() implements Placement {
        @Override
        public TensorShape localShape(TensorShape global, int index) {
            return global;
        }
    }

    /**
     * Rank {@code i} holds {@code extents[i]} along {@code dim}. Extents may differ in length; they may overlap where a
     * part is replicated (a KV head shared by two ranks).
     */
    record Split(int dim, List<Extent> extents) implements Placement {

        public Split {
            extents = List.copyOf(extents);
            if (dim < 0) {
                throw new IllegalArgumentException("split dimension " + dim + " must not be negative");
            }
            if (extents.isEmpty()) {
                throw new IllegalArgumentException("a split needs an extent for each rank");
            }
        }

        /** Consecutive extents of the given lengths. */
        public static Split ofSizes(int dim, List<Long> sizes) {
            List<Extent> extents = new ArrayList<>();
            long start = 0;
            for (long size : sizes) {
                extents.add(new Extent(start, size));
                start += size;
            }
            return new Split(dim, extents);
        }

        /** Whether some index is held by more than one rank. */
        public boolean overlaps() {
            for (int i = 0; i < extents.size(); i++) {
                if (owned(i).length() < extents.get(i).length()) {
                    return true;
                }
            }
            return false;
        }

        /** The indices that more than one rank holds, as runs in order. */
        public List<Extent> sharedExtents() {
            List<Extent> overlaps = new ArrayList<>();
            for (int i = 0; i < extents.size(); i++) {
                for (Extent later : extents.subList(i + 1, extents.size())) {
                    Extent both = extents.get(i).intersect(later);
                    if (both.length() > 0) {
                        overlaps.add(both);
                    }
                }
            }
            overlaps.sort(Comparator.comparingLong(Extent::start));
            List<Extent> runs = new ArrayList<>();
            long end = -1;
            for (Extent overlap : overlaps) {
                if (overlap.start() >= end) {
                    runs.add(overlap);
                } else if (overlap.end() > end) {
                    Extent before = runs.remove(runs.size() - 1);
                    runs.add(new Extent(before.start(), overlap.end() - before.start()));
                }
                end = Math.max(end, overlap.end());
            }
            return runs;
        }

        /** What of the rank's extent no rank before it holds: together these parts hold every index once. */
        public Extent owned(int index) {
            long start = extents.get(index).start();
            long end = extents.get(index).end();
            for (Extent earlier : extents.subList(0, index)) {
                if (earlier.start() <= start && earlier.end() > start) {
                    start = Math.min(end, earlier.end());
                } else if (earlier.start() < end && earlier.end() >= end) {
                    end = Math.max(start, earlier.start());
                }
            }
            return new Extent(start, end - start);
        }

        @Override
        public TensorShape localShape(TensorShape global, int index) {
            return global.with(dim, extents.get(index).length());
        }
    }

    static Placement replicated() {
        return new Replicated();
    }
}
