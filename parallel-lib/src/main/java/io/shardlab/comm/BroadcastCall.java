package io.shardlab.comm;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;

/** The root offers its bytes, piece by piece, and the others copy them. */
final class BroadcastCall extends RoundCall {

    private final int piece;
    private ByteBuffer tensor = ByteBuffer.allocate(0);
    private int root;

    BroadcastCall(GroupMemory memory) {
        super(Operation.BROADCAST, memory);
        piece = memory.rounds().inBytes();
    }

    BroadcastCall of(ByteBuffer bytes, int from) {
        if (from < 0 || from >= size) {
            throw new IllegalArgumentException("root " + from + " is not a member of group "
                    + memory.windows().group());
        }
        drop();
        tensor = bytes;
        root = from;
        return this;
    }

    @Override
    void begin() {
        announceCall(TensorType.FLOAT32, tensor.remaining(), root);
    }

    @Override
    int numRounds() {
        return Math.max(1, (int) ((tensor.remaining() + piece - 1L) / piece));
    }

    private int length(int number) {
        return Math.min(piece, tensor.remaining() - number * piece);
    }

    @Override
    long offer(int number) {
        if (me != root) {
            return 0;
        }
        mine.put(memory.rounds().inArea(), tensor, tensor.position() + number * piece, length(number));
        return length(number);
    }

    @Override
    void take(int number) {
        if (me != root) {
            int from = memory.rounds().takenArea();
            tensor.put(tensor.position() + number * piece, memory.windows().data(root), from, length(number));
        }
    }

    @Override
    long countedBytes() {
        return me == root ? tensor.remaining() : 0;
    }
}
