package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.plan.GradientBucket;
import io.shardlab.plan.OptimizerSlice;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Calls collectives of the data axis on buckets: on one tensor where it lies, on several through memory in which they stand
 * one after the other. Where the optimizer is split, the parts of each rank stand together. Used by one thread at a time.
 */
final class BucketStorage {

    private interface Part {
        void at(ByteBuffer tensor, int from, int bytes, int staged, int rank);
    }

    private final Communicator group;
    private final TensorType type;
    private final boolean split;
    private final ByteBuffer staging;

    /** For any of the buckets. */
    BucketStorage(Communicator group, TensorType type, boolean split, List<GradientBucket> buckets) {
        this.group = group;
        this.type = type;
        this.split = split;
        staging = ByteBuffer.allocateDirect(stagingBytes(buckets, type)).order(ByteOrder.nativeOrder());
    }

    private static int stagingBytes(List<GradientBucket> buckets, TensorType type) {
        long most = buckets.stream()
                .filter(bucket -> bucket.pieces().size() > 1)
                .mapToLong(GradientBucket::numElements)
                .max()
                .orElse(0);
        return Math.toIntExact(most * type.bytes());
    }

    /** Sums tensors over the group in place; where the optimizer is split, this rank's elements only. */
    void sum(GradientBucket bucket, List<ByteBuffer> tensors) {
        ByteBuffer all = tensors.get(0);
        boolean staged = tensors.size() > 1;
        if (staged) {
            all = staging.duplicate().limit(bytesOf(bucket));
            ByteBuffer to = all;
            each(bucket, tensors, (tensor, from, bytes, at, rank) -> to.put(at, tensor, from, bytes));
        }
        if (split) {
            List<Long> lengths = bucket.elementsPerRank(group.size());
            group.reduceScatter(all, own(all, lengths), lengths, type);
        } else {
            group.allReduce(all, type);
        }
        if (staged) {
            ByteBuffer source = all;
            each(bucket, tensors, (tensor, from, bytes, at, rank) -> {
                if (!split || rank == group.rank()) {
                    tensor.put(from, source, at, bytes);
                }
            });
        }
    }

    /** Gives every rank the elements that the others own. */
    void gather(GradientBucket bucket, List<ByteBuffer> tensors) {
        ByteBuffer all = tensors.get(0);
        boolean staged = tensors.size() > 1;
        if (staged) {
            all = staging.duplicate().limit(bytesOf(bucket));
            ByteBuffer to = all;
            each(bucket, tensors, (tensor, from, bytes, at, rank) -> {
                if (rank == group.rank()) {
                    to.put(at, tensor, from, bytes);
                }
            });
        }
        List<Long> lengths = bucket.elementsPerRank(group.size());
        group.allGather(own(all, lengths), all, lengths, type);
        if (staged) {
            ByteBuffer source = all;
            each(bucket, tensors, (tensor, from, bytes, at, rank) -> tensor.put(from, source, at, bytes));
        }
    }

    private int bytesOf(GradientBucket bucket) {
        return Math.toIntExact(bucket.numElements() * type.bytes());
    }

    private ByteBuffer own(ByteBuffer all, List<Long> lengths) {
        long before = lengths.subList(0, group.rank()).stream()
                .mapToLong(Long::longValue)
                .sum();
        long length = lengths.get(group.rank());
        return all.slice(Math.toIntExact(before * type.bytes()), Math.toIntExact(length * type.bytes()));
    }

    /** Walks over all parts in the order of the staged ones. */
    private void each(GradientBucket bucket, List<ByteBuffer> tensors, Part part) {
        int ranks = split ? group.size() : 1;
        int staged = 0;
        for (int rank = 0; rank < ranks; rank++) {
            for (int i = 0; i < tensors.size(); i++) {
                Extent extent = OptimizerSlice.of(bucket.pieces().get(i).numElements(), rank, ranks);
                int bytes = Math.toIntExact(extent.length() * type.bytes());
                part.at(tensors.get(i), Math.toIntExact(extent.start() * type.bytes()), bytes, staged, rank);
                staged += bytes;
            }
        }
    }

    long bytesReserved() {
        return staging.capacity();
    }
}
