package io.shardlab.comm;

import io.shardlab.mesh.Group;
import io.shardlab.mesh.Link;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.Windows;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Collectives through windows that all members can read.
 *
 * <p>Small all-reduces take one round: every member sums all windows itself. Large ones go in chunks: member i sums
 * slice i of a chunk, and everybody fetches the sums of a chunk in the round of the next one. Both add in rank order.
 *
 * <p>Owned by one thread at a time; {@link OrderedCommunicator} sees to that.
 */
final class WindowCommunicator {

    private static final int ONE_ROUND_BYTES = 64 << 10;
    private static final int CHUNK_BYTES = 256 << 10;

    private final Windows windows;
    private final Rounds rounds;
    private final RankOrderSum sum;
    private final Parts parts;
    private final ByteBuffer mine;
    private final int oneRoundBytes;
    private final int size;
    private final int me;
    private final long[] counts = new long[Operation.values().length];
    private final long[] bytesSent = new long[Operation.values().length];
    private @Nullable Operation inside;
    private boolean closed;

    WindowCommunicator(Windows windows) {
        this.windows = windows;
        this.size = windows.group().size();
        this.me = windows.index();
        this.rounds = new Rounds(windows);
        this.sum = new RankOrderSum(windows);
        this.parts = new Parts(size);
        this.mine = windows.data(me);
        this.oneRoundBytes = Math.min(oneRoundBytes(), rounds.inBytes());
    }

    /** Where sending a tensor whole to everybody, n−1 times its bytes, starts to take longer than a second round. */
    private int oneRoundBytes() {
        if (windows.link().isEmpty() || size == 2) {
            return ONE_ROUND_BYTES;
        }
        Link link = windows.link().get();
        double extraPerByte = (size - 1.0) * (size - 2) / size / link.bytesPerSecond();
        return (int) Math.min(ONE_ROUND_BYTES, link.latencyNanos() / 1e9 / extraPerByte);
    }

    int rank() {
        return me;
    }

    Group group() {
        return windows.group();
    }

    void allReduce(ByteBuffer tensor, TensorType type) {
        int elements = Parts.elements(tensor, type);
        begin(Operation.ALL_REDUCE, type, elements, 0);
        int bytes = tensor.remaining();
        if (bytes <= oneRoundBytes) {
            int at = rounds.inArea();
            mine.put(at, tensor, tensor.position(), bytes);
            rounds.meet((size - 1L) * bytes);
            sum.addInPlace(type, tensor, tensor.position(), bytes, at);
        } else {
            allReduceInChunks(tensor, type);
        }
        end(Operation.ALL_REDUCE, bytes);
    }

    private void allReduceInChunks(ByteBuffer tensor, TensorType type) {
        int bytes = tensor.remaining();
        int unit = size * type.bytes();
        int most = Math.min(CHUNK_BYTES, rounds.inBytes()) / unit * unit;
        int numChunks = (int) ((bytes + most - 1L) / most);
        int chunk = Math.min(most, (bytes / numChunks / unit + 1) * unit);
        int slice = chunk / size;
        int at = tensor.position();
        int length = Math.min(chunk, bytes);
        int atBefore = at;
        int lengthBefore = 0;
        int outBefore = 0;
        while (length > 0 || lengthBefore > 0) {
            int in = rounds.inArea();
            offerSlices(tensor, at, length, slice, in);
            int mineBytes = sliceBytes(length, slice, me);
            rounds.meet(length - mineBytes + (size - 1L) * sliceBytes(lengthBefore, slice, me));
            int out = rounds.outArea();
            int mineAt = at + Math.min(me * slice, length);
            sum.addInPlace(type, tensor, mineAt, mineBytes, in + me * slice);
            mine.put(out, tensor, mineAt, mineBytes);
            fetchSums(tensor, atBefore, lengthBefore, slice, outBefore);
            atBefore = at;
            lengthBefore = length;
            outBefore = out;
            at += length;
            length = Math.min(chunk, tensor.limit() - at);
        }
    }

    private void offerSlices(ByteBuffer tensor, int at, int length, int slice, int to) {
        for (int member = 0; member < size; member++) {
            if (member != me) {
                int from = at + Math.min(member * slice, length);
                mine.put(to + member * slice, tensor, from, sliceBytes(length, slice, member));
            }
        }
    }

    private void fetchSums(ByteBuffer tensor, int at, int length, int slice, int from) {
        for (int member = 0; member < size; member++) {
            if (member != me) {
                int to = at + Math.min(member * slice, length);
                tensor.put(to, windows.data(member), from, sliceBytes(length, slice, member));
            }
        }
    }

    private static int sliceBytes(int length, int slice, int member) {
        return Math.max(0, Math.min(slice, length - member * slice));
    }

    void allGather(ByteBuffer local, ByteBuffer all, List<Long> elementsPerRank, TensorType type) {
        parts.set(elementsPerRank, type);
        parts.require(all, local, me);
        begin(Operation.ALL_GATHER, type, parts.total() / type.bytes(), parts.fingerprint());
        int at = all.position();
        all.put(at + parts.start(me), local, local.position(), local.remaining());
        int chunk = rounds.inBytes();
        int start = 0;
        do {
            int in = rounds.inArea();
            mine.put(in, local, local.position() + within(me, start), left(me, start, chunk));
            rounds.meet((size - 1L) * left(me, start, chunk));
            for (int member = 0; member < size; member++) {
                if (member != me) {
                    int to = at + parts.start(member) + within(member, start);
                    all.put(to, windows.data(member), in, left(member, start, chunk));
                }
            }
            start += chunk;
        } while (start < parts.longest());
        end(Operation.ALL_GATHER, parts.total());
    }

    void reduceScatter(ByteBuffer all, ByteBuffer local, List<Long> elementsPerRank, TensorType type) {
        parts.set(elementsPerRank, type);
        parts.require(all, local, me);
        begin(Operation.REDUCE_SCATTER, type, parts.total() / type.bytes(), parts.fingerprint());
        local.put(local.position(), all, all.position() + parts.start(me), parts.length(me));
        int piece = rounds.inBytes() / size;
        int start = 0;
        do {
            int in = rounds.inArea();
            long sent = 0;
            for (int member = 0; member < size; member++) {
                if (member != me) {
                    int from = all.position() + parts.start(member) + within(member, start);
                    mine.put(in + member * piece, all, from, left(member, start, piece));
                    sent += left(member, start, piece);
                }
            }
            rounds.meet(sent);
            int to = local.position() + within(me, start);
            sum.addInPlace(type, local, to, left(me, start, piece), in + me * piece);
            start += piece;
        } while (start < parts.longest());
        end(Operation.REDUCE_SCATTER, parts.total());
    }

    /** {@code start} as an offset into a member's part, at most its end. */
    private int within(int member, int start) {
        return Math.min(start, parts.length(member));
    }

    /** How much of a member's part lies in the piece at {@code start}. */
    private int left(int member, int start, int piece) {
        return Math.min(piece, parts.length(member) - within(member, start));
    }

    void broadcast(ByteBuffer tensor, int root) {
        if (root < 0 || root >= size) {
            throw new IllegalArgumentException("root " + root + " is not a member of group " + group());
        }
        int bytes = tensor.remaining();
        begin(Operation.BROADCAST, TensorType.FLOAT32, bytes, root);
        int chunk = rounds.inBytes();
        int start = 0;
        do {
            int in = rounds.inArea();
            int length = Math.min(chunk, bytes - start);
            if (me == root) {
                mine.put(in, tensor, tensor.position() + start, length);
            }
            rounds.meet(me == root ? length : 0);
            if (me != root) {
                tensor.put(tensor.position() + start, windows.data(root), in, length);
            }
            start += length;
        } while (start < bytes);
        end(Operation.BROADCAST, me == root ? bytes : 0);
    }

    void barrier() {
        begin(Operation.BARRIER, TensorType.FLOAT32, 0, 0);
        rounds.meet(0);
        end(Operation.BARRIER, 0);
    }

    void send(int to, long tag, ByteBuffer message) {
        requireUsable();
        windows.checkFaults();
        windows.send(to, tag, message);
        count(Operation.SEND, message.remaining());
    }

    void receive(int from, long tag, ByteBuffer message) {
        requireUsable();
        windows.checkFaults();
        inside = Operation.RECEIVE;
        windows.receive(from, tag, message);
        inside = null;
    }

    void reset() {
        requireOpen();
        windows.reset();
        rounds.reset();
        inside = null;
    }

    long bytesReserved() {
        return closed ? 0 : windows.bytesReserved();
    }

    Map<String, Census> census() {
        Map<String, Census> census = new LinkedHashMap<>();
        for (Operation operation : Operation.values()) {
            int at = operation.ordinal();
            if (operation != Operation.BARRIER && counts[at] > 0) {
                census.put(operation.label(), new Census(counts[at], bytesSent[at]));
            }
        }
        return census;
    }

    void close() {
        closed = true;
        windows.close();
    }

    private void begin(Operation operation, TensorType type, long elements, long detail) {
        requireUsable();
        inside = operation;
        rounds.begin(operation, type, elements, detail);
    }

    private void end(Operation operation, long bytes) {
        inside = null;
        count(operation, bytes);
    }

    private void count(Operation operation, long bytes) {
        counts[operation.ordinal()]++;
        bytesSent[operation.ordinal()] += operation.sentBytes(bytes, size);
    }

    private void requireUsable() {
        requireOpen();
        if (inside != null) {
            throw new IllegalStateException("group " + group().name() + " stopped inside " + inside.label()
                    + "; reset it on all members first");
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("group " + group().name() + " is closed");
        }
    }
}
