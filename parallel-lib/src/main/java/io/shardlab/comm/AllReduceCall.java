package io.shardlab.comm;

import io.shardlab.mesh.Link;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;

/**
 * Small tensors take one round: every member sums all windows itself. Large ones go in chunks: member i sums slice i of a
 * chunk, and everybody fetches the sums of a chunk in the round of the next one. Both add in rank order.
 */
final class AllReduceCall extends RoundCall {

    private static final int ONE_ROUND_BYTES = 64 << 10;

    private final int mostChunkBytes;
    private final int oneRoundBytes;
    private ByteBuffer tensor = ByteBuffer.allocate(0);
    private TensorType type = TensorType.FLOAT32;
    private int elements;
    private int chunk;
    private int slice;
    private int numChunks;
    private int outBefore;

    /** @param mostChunkBytes the same on all members */
    AllReduceCall(GroupMemory memory, int mostChunkBytes) {
        super(Operation.ALL_REDUCE, memory);
        this.mostChunkBytes = Math.min(mostChunkBytes, memory.rounds().inBytes());
        this.oneRoundBytes = Math.min(oneRoundBytes(), memory.rounds().inBytes());
    }

    /** Where sending a tensor whole to everybody, n−1 times its bytes, starts to take longer than a second round. */
    private int oneRoundBytes() {
        if (memory.windows().link().isEmpty() || size == 2) {
            return ONE_ROUND_BYTES;
        }
        Link link = memory.windows().link().get();
        double extraPerByte = (size - 1.0) * (size - 2) / size / link.bytesPerSecond();
        return (int) Math.min(ONE_ROUND_BYTES, link.latencyNanos() / 1e9 / extraPerByte);
    }

    AllReduceCall of(ByteBuffer all, TensorType elementType) {
        drop();
        tensor = all;
        type = elementType;
        elements = Parts.elements(all, elementType);
        return this;
    }

    private boolean inOneRound() {
        return tensor.remaining() <= oneRoundBytes;
    }

    @Override
    void begin() {
        int bytes = tensor.remaining();
        int unit = size * type.bytes();
        int most = mostChunkBytes / unit * unit;
        numChunks = (int) ((bytes + most - 1L) / most);
        chunk = numChunks == 0 ? 0 : Math.min(most, (bytes / numChunks / unit + 1) * unit);
        slice = chunk / size;
        announceCall(type, elements, inOneRound() ? 0 : chunk);
    }

    @Override
    int numRounds() {
        return inOneRound() ? 1 : numChunks + 1;
    }

    @Override
    long offer(int number) {
        int in = memory.rounds().inArea();
        if (inOneRound()) {
            mine.put(in, tensor, tensor.position(), tensor.remaining());
            return (size - 1L) * tensor.remaining();
        }
        int length = length(number);
        for (int member = 0; member < size; member++) {
            if (member != me) {
                int from = at(number) + Math.min(member * slice, length);
                mine.put(in + member * slice, tensor, from, sliceBytes(length, member));
            }
        }
        return length - sliceBytes(length, me) + (size - 1L) * sliceBytes(length(number - 1), me);
    }

    @Override
    void take(int number) {
        int in = memory.rounds().takenArea();
        if (inOneRound()) {
            memory.sum().addInPlace(type, tensor, tensor.position(), tensor.remaining(), in);
            return;
        }
        int out = memory.rounds().outArea();
        int length = length(number);
        int mineBytes = sliceBytes(length, me);
        int mineAt = at(number) + Math.min(me * slice, length);
        memory.sum().addInPlace(type, tensor, mineAt, mineBytes, in + me * slice);
        mine.put(out, tensor, mineAt, mineBytes);
        fetchSums(number - 1);
        outBefore = out;
    }

    private void fetchSums(int number) {
        int length = length(number);
        for (int member = 0; member < size; member++) {
            if (member != me) {
                int to = at(number) + Math.min(member * slice, length);
                tensor.put(to, memory.windows().data(member), outBefore, sliceBytes(length, member));
            }
        }
    }

    /** Where a chunk begins; those before the first and after the last are empty. */
    private int at(int number) {
        return tensor.position() + (int) Math.min(Math.max(number, 0) * (long) chunk, tensor.remaining());
    }

    private int length(int number) {
        return number < 0 ? 0 : Math.min(chunk, tensor.limit() - at(number));
    }

    private int sliceBytes(int length, int member) {
        return Math.max(0, Math.min(slice, length - member * slice));
    }

    @Override
    long countedBytes() {
        return tensor.remaining();
    }
}
