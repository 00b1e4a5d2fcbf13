package io.shardlab.tensor;

import java.util.ArrayList;
import java.util.List;

/** A run of consecutive indices along one dimension: {@code start … start + length - 1}. */
public record Extent(long start, long length) {

    public Extent {
        if (start < 0 || length < 0) {
            throw new IllegalArgumentException("extent start " + start + " and length " + length + " must be ≥ 0");
        }
    }

    public long end() {
        return Math.addExact(start, length);
    }

    /** The indices in both; of length 0 where there are none. */
    public Extent intersect(Extent other) {
        long from = Math.max(start, other.start);
        return new Extent(from, Math.max(0, Math.min(end(), other.end()) - from));
    }

    /** {@code length} indices in consecutive parts; where they do not divide evenly, the first parts have one more. */
    public static List<Extent> even(long length, int parts) {
        List<Extent> extents = new ArrayList<>();
        long start = 0;
        for (int part = 0; part < parts; part++) {
            long share = length / parts + (part < length % parts ? 1 : 0);
            extents.add(new Extent(start, share));
            start += share;
        }
        return extents;
    }
}
