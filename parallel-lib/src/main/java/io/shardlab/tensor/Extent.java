package io.shardlab.tensor;

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
}
