package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.engine.Shard;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.Span;
import io.shardlab.weights.WeightSource.Slice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Gradients of what several tensor ranks hold, where each finds only a summand: norms' weights when tokens are split, KV heads
 * whose query heads are divided. One all-reduce over the tensor group adds them all up. Owned by the rank's thread.
 */
final class PartialGradients {

    /** Bytes of a local gradient and their place in the buffer. */
    private record Piece(String parameter, int from, int length, int at) {}

    private final Shard shard;
    private final Communicator group;
    private final TensorType type;
    private final List<Piece> pieces = new ArrayList<>();
    private final ByteBuffer buffer;

    PartialGradients(Shard shard, Communicator group, TensorType type) {
        this.shard = shard;
        this.group = group;
        this.type = type;
        int length = 0;
        for (ParameterSpec parameter : shard.parameters()) {
            if (parameter.partialGradient()) {
                length = add(parameter, length);
            }
        }
        buffer = ByteBuffer.allocateDirect(length).order(ByteOrder.nativeOrder());
    }

    /** Gives each run of rows that several ranks hold a place, the same on all ranks; returns the end of the last. */
    private int add(ParameterSpec parameter, int start) {
        Slice mine = Slice.of(parameter, group.rank());
        int rowBytes = Math.toIntExact(mine.inner() * type.bytes());
        int at = start;
        for (Extent shared : sharedRows(parameter)) {
            Extent own = new Extent(mine.start(), mine.length()).intersect(shared);
            if (own.length() > 0) {
                pieces.add(new Piece(
                        parameter.name(),
                        Math.toIntExact(own.start() - mine.start()) * rowBytes,
                        Math.toIntExact(own.length()) * rowBytes,
                        at + Math.toIntExact(own.start() - shared.start()) * rowBytes));
            }
            at = Math.addExact(at, Math.toIntExact(shared.length()) * rowBytes);
        }
        return at;
    }

    /** Runs of rows that more than one rank holds, in order. */
    private static List<Extent> sharedRows(ParameterSpec parameter) {
        if (!(parameter.placement() instanceof Placement.Split split)) {
            return List.of(new Extent(0, parameter.shape().numElements()));
        }
        return split.sharedExtents();
    }

    /** Adds up; afterwards every holder has the whole gradient. */
    void sum(Recorder recorder) {
        if (buffer.capacity() == 0) {
            return;
        }
        recorder.enter("all_reduce", "partial gradients");
        long start = System.nanoTime();
        for (int i = 0; i < buffer.capacity(); i++) {
            buffer.put(i, (byte) 0);
        }
        for (Piece piece : pieces) {
            buffer.put(piece.at, shard.gradient(piece.parameter), piece.from, piece.length);
        }
        group.allReduce(buffer, type);
        for (Piece piece : pieces) {
            shard.gradient(piece.parameter).put(piece.from, buffer, piece.at, piece.length);
        }
        long sent = 2L * (group.size() - 1) * buffer.capacity() / group.size();
        recorder.span(Span.Kind.COLLECTIVE, "all_reduce partial gradients", start, sent);
    }
}
