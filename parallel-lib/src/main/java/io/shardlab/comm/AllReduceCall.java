package io.shardlab.comm;

import io.shardlab.mesh.Link;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;

/**
 * Tensors go in chunks. Of large ones, member i sums slice i of a chunk, and everybody fetches the sums of a chunk in the round
 * of the next one. Of small ones, everybody gets whole chunks and sums them itself. So do two members in calls that go on beside
 * computing: that moves no byte more, and nobody has to leave its work for a second meeting. Both add in rank order.
 */
final class AllReduceCall extends RoundCall {

    private static final int ONE_ROUND_BYTES = 64 << 10;

    private final int mostChunkBytes;
    private final int oneRoundBytes;
    private final boolean pairs;
    private ByteBuffer tensor = ByteBuffer.allocate(0);
    private TensorType type = TensorType.FLOAT32;
    private int elements;
    private int chunk;
    private int slice;
    private int numChunks;
    private int outBefore;
    private boolean exchanges;
    /** How much of the tensor is final. */
    private int reached;

    /**
     * A call with nothing to do yet.
     *
     * @param mostChunkBytes the same on all members
     * @param besideWork whether it goes on beside computing; the same on all members
     */
    AllReduceCall(GroupMemory memory, int mostChunkBytes, boolean besideWork) {
        super(Operation.ALL_REDUCE, memory);
        pairs = besideWork && size == 2;
        this.mostChunkBytes = Math.min(mostChunkBytes, memory.rounds().inBytes());
        this.oneRoundBytes = Math.min(oneRoundBytes(), memory.rounds().inBytes());
    }

    /** Where sending a tensor whole to everybody, n−1 times its bytes, starts to take longer than a second round. */
    private int oneRoundBytes() {
        if (memory.windows().link().isEmpty()) {
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
        reached = all.remaining();
        return this;
    }

    /** Says that nothing of the tensor is final yet. */
    AllReduceCall growing() {
        reached = 0;
        return this;
    }

    void reach(int bytes) {
        reached = bytes;
    }

    boolean isWhole() {
        return reached >= tensor.remaining();
    }

    @Override
    void begin() {
        int bytes = tensor.remaining();
        int unit = size * type.bytes();
        exchanges = pairs || bytes <= oneRoundBytes;
        int most = Math.max(1, (pairs || !exchanges ? mostChunkBytes : oneRoundBytes) / unit) * unit;
        numChunks = (int) ((bytes + most - 1L) / most);
        chunk = numChunks == 0 ? 0 : Math.min(most, (bytes / numChunks / unit + 1) * unit);
        slice = chunk / size;
        announceCall(type, elements, exchanges && numChunks <= 1 ? 0 : chunk);
    }

    @Override
    int numRounds() {
        return exchanges ? Math.max(1, numChunks) : numChunks + 1;
    }

    @Override
    boolean ready(int number) {
        return at(number) + length(number) - tensor.position() <= reached;
    }

    @Override
    long offer(int number) {
        int in = memory.rounds().inArea();
        int length = length(number);
        if (exchanges) {
            mine.put(in, tensor, at(number), length);
            return (size - 1L) * length;
        }
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
        int length = length(number);
        if (exchanges) {
            memory.sum().addInPlace(type, tensor, at(number), length, in);
            return;
        }
        int out = memory.rounds().outArea();
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
