package io.shardlab.comm;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.util.List;

/** Every member offers its part, piece by piece, and copies the others'. */
final class AllGatherCall extends RoundCall {

    private final Parts parts;
    private final int piece;
    private ByteBuffer local = ByteBuffer.allocate(0);
    private ByteBuffer all = ByteBuffer.allocate(0);
    private TensorType type = TensorType.FLOAT32;
    private boolean inPlace;

    AllGatherCall(GroupMemory memory) {
        super(Operation.ALL_GATHER, memory);
        parts = new Parts(memory.size());
        piece = memory.rounds().inBytes();
    }

    AllGatherCall of(ByteBuffer part, ByteBuffer whole, List<Long> elementsPerRank, TensorType elementType) {
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
            all.put(all.position() + parts.start(me), local, local.position(), local.remaining());
        }
    }

    @Override
    int numRounds() {
        return parts.numPieces(piece);
    }

    @Override
    long offer(int number) {
        int length = parts.left(me, number * piece, piece);
        int from = local.position() + parts.within(me, number * piece);
        mine.put(memory.rounds().inArea(), local, from, length);
        return (size - 1L) * length;
    }

    @Override
    void take(int number) {
        int start = number * piece;
        for (int member = 0; member < size; member++) {
            if (member != me) {
                int to = all.position() + parts.start(member) + parts.within(member, start);
                ByteBuffer theirs = memory.windows().data(member);
                all.put(to, theirs, memory.rounds().takenArea(), parts.left(member, start, piece));
            }
        }
    }

    @Override
    long countedBytes() {
        return parts.total();
    }
}
