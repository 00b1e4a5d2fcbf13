package io.shardlab.comm;

import io.shardlab.mesh.Group;
import io.shardlab.tensor.Addition;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.StartedCall;
import io.shardlab.transport.Windows;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Collectives through windows that all members can read.
 *
 * <p>A group's calls stay in the order in which the rank makes them: those that it starts go on one after the other, and
 * any other call first waits for them. Owned by the rank's compute thread.
 */
final class WindowCommunicator implements Communicator {

    /** What stays in the second-level cache from writing to reading. */
    private static final int CHUNK_BYTES = 256 << 10;

    private final Windows windows;
    private final GroupMemory memory;
    private final AllReduceCall allReduce;
    private final AllGatherCall allGather;
    private final ReduceScatterCall reduceScatter;
    private final BroadcastCall broadcast;
    private final BarrierCall barrier;
    private @Nullable Throwable failure;
    private boolean closed;

    WindowCommunicator(Windows windows, Optional<Addition> addition) {
        this.windows = windows;
        memory = GroupMemory.of(windows, addition);
        allReduce = new AllReduceCall(memory, CHUNK_BYTES, false);
        allGather = new AllGatherCall(memory);
        reduceScatter = new ReduceScatterCall(memory);
        broadcast = new BroadcastCall(memory);
        barrier = new BarrierCall(memory);
    }

    @Override
    public int rank() {
        return windows.index();
    }

    @Override
    public Group group() {
        return windows.group();
    }

    @Override
    public Pending startAllReduce(ByteBuffer tensor, TensorType type) {
        return start(new AllReduceCall(memory, memory.rounds().inBytes(), true).of(tensor.duplicate(), type));
    }

    @Override
    public Growing startAllReduceOfGrowing(ByteBuffer tensor, TensorType type, int parts) {
        int part = (tensor.remaining() + parts - 1) / parts;
        AllReduceCall call =
                new AllReduceCall(memory, Math.min(part, memory.rounds().inBytes()), true);
        return new GrowingCall(call, start(call.of(tensor.duplicate(), type).growing()));
    }

    /** Owned by the rank's compute thread. */
    private final class GrowingCall implements Growing {

        private final AllReduceCall call;
        private final Pending pending;

        GrowingCall(AllReduceCall call, Pending pending) {
            this.call = call;
            this.pending = pending;
        }

        @Override
        public void reach(int bytes) {
            call.reach(bytes);
            windows.progress();
        }

        @Override
        public void await() {
            if (!call.isWhole()) {
                throw new IllegalStateException("the tensor is not final yet");
            }
            pending.await();
        }
    }

    @Override
    public Pending startAllGather(ByteBuffer local, ByteBuffer all, List<Long> elementsPerRank, TensorType type) {
        ByteBuffer whole = all.duplicate();
        ByteBuffer part = local == all ? whole : local.duplicate();
        return start(new AllGatherCall(memory).of(part, whole, elementsPerRank, type));
    }

    @Override
    public Pending startReduceScatter(ByteBuffer all, ByteBuffer local, List<Long> elementsPerRank, TensorType type) {
        ByteBuffer whole = all.duplicate();
        ByteBuffer part = local == all ? whole : local.duplicate();
        return start(new ReduceScatterCall(memory).of(whole, part, elementsPerRank, type));
    }

    @Override
    public void allReduce(ByteBuffer tensor, TensorType type) {
        settle();
        run(allReduce.of(tensor, type));
    }

    @Override
    public void allGather(ByteBuffer local, ByteBuffer all, List<Long> elementsPerRank, TensorType type) {
        settle();
        run(allGather.of(local, all, elementsPerRank, type));
    }

    @Override
    public void reduceScatter(ByteBuffer all, ByteBuffer local, List<Long> elementsPerRank, TensorType type) {
        settle();
        run(reduceScatter.of(all, local, elementsPerRank, type));
    }

    @Override
    public void broadcast(ByteBuffer tensor, int root) {
        settle();
        run(broadcast.of(tensor, root));
    }

    @Override
    public void barrier() {
        settle();
        run(barrier);
    }

    @Override
    public void send(int to, long tag, ByteBuffer message) {
        settle();
        memory.count().requireOutside();
        windows.checkFaults();
        windows.send(to, tag, message);
        memory.count().end(Operation.SEND, message.remaining());
    }

    @Override
    public void receive(int from, long tag, ByteBuffer message) {
        settle();
        windows.checkFaults();
        memory.count().begin(Operation.RECEIVE);
        windows.receive(from, tag, message);
        memory.count().leave();
    }

    private void run(RoundCall call) {
        while (!call.advance()) {
            call.pause();
        }
    }

    private Pending start(RoundCall call) {
        requireUsable();
        StartedCall started = windows.start(new Remembered(call));
        return started::await;
    }

    /** A started call; what ends it also ends those after it. */
    private final class Remembered implements StartedCall.Steps {

        private final RoundCall call;

        Remembered(RoundCall call) {
            this.call = call;
        }

        @Override
        public boolean advance() {
            throwFailure();
            try {
                return call.advance();
            } catch (RuntimeException | Error e) {
                failure = e;
                throw e;
            }
        }

        @Override
        public void pause() {
            try {
                call.pause();
            } catch (RuntimeException | Error e) {
                failure = e;
                throw e;
            }
        }
    }

    /** Waits for what was started; throws what ended it. */
    private void settle() {
        windows.settle();
        requireUsable();
    }

    private void requireUsable() {
        if (closed) {
            throw new IllegalStateException("group " + group().name() + " is closed");
        }
        throwFailure();
    }

    private void throwFailure() {
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
    }

    @Override
    public void abandon() {
        windows.abandon();
    }

    @Override
    public void reset() {
        windows.abandon();
        if (closed) {
            throw new IllegalStateException("group " + group().name() + " is closed");
        }
        windows.reset();
        memory.rounds().reset();
        memory.count().leave();
        failure = null;
    }

    @Override
    public long bytesReserved() {
        return closed ? 0 : windows.bytesReserved();
    }

    @Override
    public Map<String, Census> census() {
        windows.settle();
        return memory.count().census();
    }

    @Override
    public void close() {
        closed = true;
        windows.close();
    }
}
