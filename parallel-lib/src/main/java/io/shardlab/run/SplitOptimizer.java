package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.cost.CommunicationEstimate;
import io.shardlab.engine.Shard;
import io.shardlab.plan.Collective;
import io.shardlab.plan.GradientBucket;
import io.shardlab.plan.OptimizerSlice;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.Span;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The optimizer of one rank where its state is split over the data axis (ZeRO stage 1, Rajbhandari et al. 2020): the rank has
 * the sum of its slice of the gradients, updates that slice, and gets the other weights from the other data ranks. Owned by
 * the rank's thread.
 */
final class SplitOptimizer {

    private final Communicator group;
    private final Shard shard;
    private final Plan plan;
    private final List<BucketCall> calls = new ArrayList<>();
    private final Map<String, Extent> own = new HashMap<>();
    private final ByteBuffer squares;
    private final Map<String, Double> squaredNorms = new HashMap<>();

    SplitOptimizer(PlacedPlan placed, Communicator group) {
        this.group = group;
        shard = placed.shard();
        plan = placed.plan();
        List<GradientBucket> buckets = GradientBucket.ofWeights(
                plan, plan.stagesOf(placed.at().pipeline()), placed.at().tensor());
        long blocks = 0;
        for (GradientBucket bucket : buckets) {
            calls.add(new BucketCall(group, plan.type(), bucket));
            for (GradientBucket.Piece piece : bucket.pieces()) {
                own.put(piece.parameter().name(), OptimizerSlice.of(piece.numElements(), group.rank(), group.size()));
                blocks += piece.parameter().sharesRows() ? 0 : OptimizerSlice.numBlocks(piece.numElements());
            }
        }
        shard.splitOptimizer(own);
        squares = ByteBuffer.allocateDirect(Math.toIntExact(blocks * Double.BYTES))
                .order(ByteOrder.nativeOrder());
    }

    /** This rank's elements of a parameter's gradient. */
    ByteBuffer ownGradient(String parameter) {
        Extent extent = own(parameter);
        int bytes = plan.type().bytes();
        return shard.gradient(parameter)
                .slice(Math.toIntExact(extent.start() * bytes), Math.toIntExact(extent.length() * bytes));
    }

    private Extent own(String parameter) {
        Extent extent = own.get(parameter);
        if (extent == null) {
            throw new IllegalArgumentException("parameter '" + parameter + "' is not held by this rank");
        }
        return extent;
    }

    /**
     * Puts the squared norms together from the blocks of all data ranks, in the order in which one rank would add them. Gradients
     * of parameters whose rows tensor ranks share are whole on every data rank, which needs no help with them.
     */
    void shareNorms() {
        for (int i = 0; i < squares.capacity(); i += Double.BYTES) {
            squares.putDouble(i, 0);
        }
        List<ParameterSpec> sliced = shard.parameters().stream()
                .filter(parameter -> !parameter.sharesRows())
                .toList();
        int at = 0;
        for (ParameterSpec parameter : sliced) {
            Extent extent = own(parameter.name());
            int block = at + Math.toIntExact(extent.start() / OptimizerSlice.BLOCK);
            for (double square : shard.squaredGradients(parameter.name())) {
                squares.putDouble(block++ * Double.BYTES, square);
            }
            at += numBlocks(parameter);
        }
        group.allReduce(squares.clear(), TensorType.FLOAT64);
        at = 0;
        for (ParameterSpec parameter : sliced) {
            int end = at + numBlocks(parameter);
            double sum = 0;
            while (at < end) {
                sum += squares.getDouble(at++ * Double.BYTES);
            }
            squaredNorms.put(parameter.name(), sum);
        }
    }

    private int numBlocks(ParameterSpec parameter) {
        ByteBuffer weight = shard.weight(parameter.name());
        return Math.toIntExact(
                OptimizerSlice.numBlocks(weight.remaining() / plan.type().bytes()));
    }

    /** Σ g² over all elements, where data ranks had to put it together. */
    Optional<Double> squaredGradientNorm(String parameter) {
        return Optional.ofNullable(squaredNorms.get(parameter));
    }

    /** Gets the weights that the other data ranks have updated, and gives them this rank's. */
    void gatherWeights(Recorder recorder) {
        recorder.enter("all_gather", "weights");
        long start = System.nanoTime();
        long sent = 0;
        for (BucketCall call : calls) {
            long part = CommunicationEstimate.bytesSent(Collective.ALL_GATHER, call.numBytes(), group.size());
            gather(call, shard::weight);
            sent += part;
        }
        recorder.span(Span.Kind.DATA_SYNC, "all_gather weights", start, sent);
    }

    /** Makes the gradients whole on every rank, for whoever compares them. */
    void gatherGradients() {
        calls.forEach(call -> gather(call, shard::gradient));
    }

    private void gather(BucketCall call, Function<String, ByteBuffer> tensorOf) {
        List<ByteBuffer> tensors = new ArrayList<>();
        for (GradientBucket.Piece piece : call.bucket().pieces()) {
            tensors.add(tensorOf.apply(piece.parameter().name()));
        }
        call.gather(tensors);
    }

    long bytesReserved() {
        return squares.capacity()
                + calls.stream().mapToLong(BucketCall::bytesReserved).sum();
    }
}
