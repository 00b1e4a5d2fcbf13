package io.shardlab.comm;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.util.List;

/** Every member offers the others' parts, piece by piece, and sums its own in rank order. */
final class ReduceScatterCall extends RoundCall {

    private final Parts parts;
    private final int piece;
    private ByteBuffer all = ByteBuffer.allocate(0);
    private ByteBuffer local = ByteBuffer.allocate(0);
    private TensorType type = TensorType.FLOAT32;
    private boolean inPlace;

    ReduceScatterCall(GroupMemory memory) {
        super(Operation.REDUCE_SCATTER, memory);
        parts = new Parts(memory.size());
        piece = memory.rounds().inBytes() / memory.size();
    }

    ReduceScatterCall of(ByteBuffer whole, ByteBuffer part, List<Long> elementsPerRank, TensorType elementType) {
        drop();
        parts.set(elementsPerRank, elementType);
        local = parts.part(whole, part, me);
        inPlace = part == whole;
        all = whole;
        type = elementType;
        return this;
    }

    @Override
    void begin() {
        announceCall(type, parts.total() / type.bytes(), parts.fingerprint());
        if (!inPlace) {
            local.put(local.position(), all, all.position() + parts.start(me), parts.length(me));
        }
    }

    @Override
    int numRounds() {
        return parts.numPieces(piece);
    }

    @Override
    long offer(int number) {
        int start = number * piece;
        int in = memory.rounds().inArea();
        long sent = 0;
        for (int member = 0; member < size; member++) {
            if (member != me) {
                int from = all.position() + parts.start(member) + parts.within(member, start);
                int length = parts.left(member, start, piece);
                mine.put(in + member * piece, all, from, length);
                sent += length;
            }
        }
        return sent;
    }

    @Override
    void take(int number) {
        int start = number * piece;
        int to = local.position() + parts.within(me, start);
        int from = memory.rounds().takenArea() + me * piece;
        memory.sum().addInPlace(type, local, to, parts.left(me, start, piece), from);
    }

    @Override
    long countedBytes() {
        return parts.total();
    }
}
