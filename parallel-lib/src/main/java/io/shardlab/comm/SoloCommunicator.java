package io.shardlab.comm;

import io.shardlab.mesh.Group;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/** The collectives of a group of one: nothing to exchange, at most a copy. */
record SoloCommunicator(Group group) implements Communicator {

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public void allReduce(ByteBuffer tensor, TensorType type) {
        Parts.elements(tensor, type);
    }

    @Override
    public Pending startAllReduce(ByteBuffer tensor, TensorType type) {
        allReduce(tensor, type);
        return Pending.DONE;
    }

    @Override
    public Growing startAllReduceOfGrowing(ByteBuffer tensor, TensorType type, int parts) {
        return new Growing() {
            @Override
            public void reach(int bytes) {}

            @Override
            public void await() {}
        };
    }

    @Override
    public Pending startAllGather(ByteBuffer local, ByteBuffer all, List<Long> elementsPerRank, TensorType type) {
        allGather(local, all, elementsPerRank, type);
        return Pending.DONE;
    }

    @Override
    public Pending startReduceScatter(ByteBuffer all, ByteBuffer local, List<Long> elementsPerRank, TensorType type) {
        reduceScatter(all, local, elementsPerRank, type);
        return Pending.DONE;
    }

    @Override
    public void allGather(ByteBuffer local, ByteBuffer all, List<Long> elementsPerRank, TensorType type) {
        Parts parts = new Parts(1);
        parts.set(elementsPerRank, type);
        ByteBuffer part = parts.part(all, local, 0);
        if (local != all) {
            all.put(all.position(), part, part.position(), part.remaining());
        }
    }

    @Override
    public void reduceScatter(ByteBuffer all, ByteBuffer local, List<Long> elementsPerRank, TensorType type) {
        Parts parts = new Parts(1);
        parts.set(elementsPerRank, type);
        ByteBuffer part = parts.part(all, local, 0);
        if (local != all) {
            part.put(part.position(), all, all.position(), all.remaining());
        }
    }

    @Override
    public void broadcast(ByteBuffer tensor, int root) {}

    @Override
    public void barrier() {}

    @Override
    public void send(int to, long tag, ByteBuffer message) {
        throw nobody();
    }

    @Override
    public void receive(int from, long tag, ByteBuffer message) {
        throw nobody();
    }

    private IllegalArgumentException nobody() {
        return new IllegalArgumentException("group " + group.name() + " has one member; there is no other to talk to");
    }

    @Override
    public void abandon() {}

    @Override
    public void reset() {}

    @Override
    public long bytesReserved() {
        return 0;
    }

    @Override
    public Map<String, Census> census() {
        return Map.of();
    }

    @Override
    public void close() {}
}
