package io.shardlab.comm;

import io.shardlab.mesh.Group;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.StartedCall;
import io.shardlab.transport.Windows;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a group's calls in the order of the compute thread: those that it starts are executed one after the other while
 * it goes on, and any other call first waits for them.
 */
final class OrderedCommunicator implements Communicator {

    private final Windows windows;
    private final WindowCommunicator calls;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    OrderedCommunicator(Windows windows) {
        this.windows = windows;
        this.calls = new WindowCommunicator(windows);
    }

    private Pending start(Runnable call) {
        throwFailure();
        StartedCall started = windows.start(() -> {
            throwFailure();
            try {
                call.run();
            } catch (RuntimeException | Error e) {
                failure.set(e);
                throw e;
            }
        });
        return started::await;
    }

    /** Waits for what was started; throws what ended it. */
    private void settle() {
        windows.settle();
        throwFailure();
    }

    private void throwFailure() {
        Throwable first = failure.get();
        if (first instanceof RuntimeException e) {
            throw e;
        }
        if (first instanceof Error e) {
            throw e;
        }
    }

    @Override
    public int rank() {
        return calls.rank();
    }

    @Override
    public Group group() {
        return calls.group();
    }

    @Override
    public Pending startAllReduce(ByteBuffer tensor, TensorType type) {
        Parts.elements(tensor, type);
        ByteBuffer same = tensor.duplicate();
        return start(() -> calls.allReduce(same, type));
    }

    @Override
    public Pending startAllGather(ByteBuffer local, ByteBuffer all, List<Long> elementsPerRank, TensorType type) {
        ByteBuffer sameLocal = local.duplicate();
        ByteBuffer sameAll = all.duplicate();
        return start(() -> calls.allGather(sameLocal, sameAll, elementsPerRank, type));
    }

    @Override
    public Pending startReduceScatter(ByteBuffer all, ByteBuffer local, List<Long> elementsPerRank, TensorType type) {
        ByteBuffer sameLocal = local.duplicate();
        ByteBuffer sameAll = all.duplicate();
        return start(() -> calls.reduceScatter(sameAll, sameLocal, elementsPerRank, type));
    }

    @Override
    public void allReduce(ByteBuffer tensor, TensorType type) {
        settle();
        calls.allReduce(tensor, type);
    }

    @Override
    public void allGather(ByteBuffer local, ByteBuffer all, List<Long> elementsPerRank, TensorType type) {
        settle();
        calls.allGather(local, all, elementsPerRank, type);
    }

    @Override
    public void reduceScatter(ByteBuffer all, ByteBuffer local, List<Long> elementsPerRank, TensorType type) {
        settle();
        calls.reduceScatter(all, local, elementsPerRank, type);
    }

    @Override
    public void broadcast(ByteBuffer tensor, int root) {
        settle();
        calls.broadcast(tensor, root);
    }

    @Override
    public void barrier() {
        settle();
        calls.barrier();
    }

    @Override
    public void send(int to, long tag, ByteBuffer message) {
        settle();
        calls.send(to, tag, message);
    }

    @Override
    public void receive(int from, long tag, ByteBuffer message) {
        settle();
        calls.receive(from, tag, message);
    }

    @Override
    public void abandon() {
        windows.abandon();
    }

    @Override
    public void reset() {
        windows.abandon();
        calls.reset();
        failure.set(null);
    }

    @Override
    public long bytesReserved() {
        return calls.bytesReserved();
    }

    @Override
    public Map<String, Census> census() {
        windows.settle();
        return calls.census();
    }

    @Override
    public void close() {
        windows.abandon();
        calls.close();
    }
}
