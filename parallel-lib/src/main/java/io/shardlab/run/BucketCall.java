package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.comm.Pending;
import io.shardlab.plan.GradientBucket;
import io.shardlab.plan.OptimizerSlice;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * One bucket's collectives over the data axis: on one tensor where it lies, on several through memory in which they stand
 * one after the other. In sliced buckets the parts of each rank stand together. Owned by the rank's thread.
 */
final class BucketCall {

    private interface Part {
        void at(ByteBuffer tensor, int from, int bytes, int staged, int rank);
    }

    private final Communicator group;
    private final TensorType type;
    private final GradientBucket bucket;
    private final boolean staged;
    private final ByteBuffer staging;
    private final List<Long> elementsPerRank;

    private List<ByteBuffer> tensors = List.of();
    private Pending pending = Pending.DONE;

    BucketCall(Communicator group, TensorType type, GradientBucket bucket) {
        this.group = group;
        this.type = type;
        this.bucket = bucket;
        staged = bucket.pieces().size() > 1;
        staging = ByteBuffer.allocateDirect(staged ? Math.toIntExact(numBytes()) : 0)
                .order(ByteOrder.nativeOrder());
        elementsPerRank = bucket.elementsPerRank(group.size());
    }

    GradientBucket bucket() {
        return bucket;
    }

    long numBytes() {
        return bucket.numElements() * type.bytes();
    }

    long bytesReserved() {
        return staging.capacity();
    }

    /** Starts to sum tensors over the group in place; of a sliced bucket this rank's elements only. */
    void startSum(List<ByteBuffer> summands) {
        tensors = List.copyOf(summands);
        ByteBuffer all = staged ? staging : tensors.get(0);
        if (staged) {
            each((tensor, from, bytes, at, rank) -> staging.put(at, tensor, from, bytes));
        }
        pending = bucket.sliced()
                ? group.startReduceScatter(all, all, elementsPerRank, type)
                : group.startAllReduce(all, type);
    }

    /** Returns when the sum that was started is there. */
    void awaitSum() {
        pending.await();
        if (staged) {
            each((tensor, from, bytes, at, rank) -> {
                if (!bucket.sliced() || rank == group.rank()) {
                    tensor.put(from, staging, at, bytes);
                }
            });
        }
    }

    /** Gives every rank the elements that the others own. */
    void gather(List<ByteBuffer> parts) {
        tensors = List.copyOf(parts);
        ByteBuffer all = staged ? staging : tensors.get(0);
        if (staged) {
            each((tensor, from, bytes, at, rank) -> {
                if (rank == group.rank()) {
                    staging.put(at, tensor, from, bytes);
                }
            });
        }
        group.allGather(all, all, elementsPerRank, type);
        if (staged) {
            each((tensor, from, bytes, at, rank) -> tensor.put(from, staging, at, bytes));
        }
    }

    /** Walks over all parts in the order of the staged ones. */
    private void each(Part part) {
        int ranks = bucket.sliced() ? group.size() : 1;
        int at = 0;
        for (int rank = 0; rank < ranks; rank++) {
            for (int i = 0; i < tensors.size(); i++) {
                Extent extent = OptimizerSlice.of(bucket.pieces().get(i).numElements(), rank, ranks);
                int bytes = Math.toIntExact(extent.length() * type.bytes());
                part.at(tensors.get(i), Math.toIntExact(extent.start() * type.bytes()), bytes, at, rank);
                at += bytes;
            }
        }
    }
}
