package io.shardlab.comm;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.util.List;

/** Where each rank's part of a tensor lies, in bytes. Reused from call to call, so that a call allocates nothing. */
final class Parts {

    private final int[] starts;
    private int longest;
    private long fingerprint;

    Parts(int ranks) {
        this.starts = new int[ranks + 1];
    }

    /** The number of elements between position and limit. */
    static int elements(ByteBuffer tensor, TensorType type) {
        if (tensor.remaining() % type.bytes() != 0) {
            throw new IllegalArgumentException(
                    tensor.remaining() + " bytes are not a whole number of " + type + " elements");
        }
        return tensor.remaining() / type.bytes();
    }

    void set(List<Long> elementsPerRank, TensorType type) {
        int ranks = starts.length - 1;
        if (elementsPerRank.size() != ranks) {
            throw new IllegalArgumentException(
                    "elements per rank " + elementsPerRank + " must name " + ranks + " ranks");
        }
        longest = 0;
        fingerprint = 1;
        for (int rank = 0; rank < ranks; rank++) {
            long elements = elementsPerRank.get(rank);
            if (elements < 0) {
                throw new IllegalArgumentException("elements per rank " + elementsPerRank + " must not be negative");
            }
            int bytes = Math.toIntExact(Math.multiplyExact(elements, type.bytes()));
            starts[rank + 1] = Math.addExact(starts[rank], bytes);
            longest = Math.max(longest, bytes);
            fingerprint = fingerprint * 1_000_003 + elements;
        }
    }

    /** A rank's part: {@code local}, or its place in {@code all} where that is the same buffer. */
    ByteBuffer part(ByteBuffer all, ByteBuffer local, int rank) {
        ByteBuffer part = local;
        if (local == all && all.remaining() == total()) {
            part = all.slice(all.position() + start(rank), length(rank));
        }
        require(all, part, rank);
        return part;
    }

    private void require(ByteBuffer all, ByteBuffer local, int rank) {
        if (all.remaining() != total() || local.remaining() != length(rank)) {
            throw new IllegalArgumentException("buffers of " + all.remaining() + " and " + local.remaining()
                    + " bytes do not hold " + total() + " in all and " + length(rank) + " for rank " + rank);
        }
    }

    int start(int rank) {
        return starts[rank];
    }

    int length(int rank) {
        return starts[rank + 1] - starts[rank];
    }

    int total() {
        return starts[starts.length - 1];
    }

    /** How many pieces the longest part has; at least one. */
    int numPieces(int piece) {
        return Math.max(1, (int) ((longest + piece - 1L) / piece));
    }

    /** {@code start} as an offset into a rank's part, at most its end. */
    int within(int rank, int start) {
        return Math.min(start, length(rank));
    }

    /** How much of a rank's part lies in the piece at {@code start}. */
    int left(int rank, int start, int piece) {
        return Math.min(piece, length(rank) - within(rank, start));
    }

    /** Tells different divisions of one length apart. */
    long fingerprint() {
        return fingerprint;
    }
}
