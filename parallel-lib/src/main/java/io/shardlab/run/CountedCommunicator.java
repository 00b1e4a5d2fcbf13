package io.shardlab.run;

import io.shardlab.comm.Census;
import io.shardlab.comm.Communicator;
import io.shardlab.comm.Growing;
import io.shardlab.comm.Pending;
import io.shardlab.cost.CommunicationEstimate;
import io.shardlab.mesh.Group;
import io.shardlab.plan.Collective;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/** Counts what goes through a group, where it goes through, so that nothing is forgotten; started calls when started. */
final class CountedCommunicator implements Communicator {

    private final Communicator group;
    private final String axis;
    private final TrafficCount count;

    /**
     * Counts the calls of a group.
     *
     * @param axis under which they are counted: {@code tp}, {@code pp}, {@code dp}, {@code mesh}
     */
    CountedCommunicator(Communicator group, String axis, TrafficCount count) {
        this.group = group;
        this.axis = axis;
        this.count = count;
    }

    private void count(Collective collective, long bytes) {
        if (size() > 1) {
            String name = CommunicationEstimate.nameOf(collective);
            long sent = CommunicationEstimate.bytesSent(collective, bytes, size());
            count.collective(group(), rank(), axis, name, sent);
        }
    }

    @Override
    public int rank() {
        return group.rank();
    }

    @Override
    public Group group() {
        return group.group();
    }

    @Override
    public void allReduce(ByteBuffer tensor, TensorType type) {
        count(Collective.ALL_REDUCE, tensor.remaining());
        group.allReduce(tensor, type);
    }

    @Override
    public Pending startAllReduce(ByteBuffer tensor, TensorType type) {
        count(Collective.ALL_REDUCE, tensor.remaining());
        return group.startAllReduce(tensor, type);
    }

    @Override
    public Growing startAllReduceOfGrowing(ByteBuffer tensor, TensorType type, int parts) {
        count(Collective.ALL_REDUCE, tensor.remaining());
        return group.startAllReduceOfGrowing(tensor, type, parts);
    }

    @Override
    public Pending startAllGather(ByteBuffer local, ByteBuffer all, List<Long> elementsPerRank, TensorType type) {
        count(Collective.ALL_GATHER, all.remaining());
        return group.startAllGather(local, all, elementsPerRank, type);
    }

    @Override
    public Pending startReduceScatter(ByteBuffer all, ByteBuffer local, List<Long> elementsPerRank, TensorType type) {
        count(Collective.REDUCE_SCATTER, all.remaining());
        return group.startReduceScatter(all, local, elementsPerRank, type);
    }

    @Override
    public void allGather(ByteBuffer local, ByteBuffer all, List<Long> elementsPerRank, TensorType type) {
        count(Collective.ALL_GATHER, all.remaining());
        group.allGather(local, all, elementsPerRank, type);
    }

    @Override
    public void reduceScatter(ByteBuffer all, ByteBuffer local, List<Long> elementsPerRank, TensorType type) {
        count(Collective.REDUCE_SCATTER, all.remaining());
        group.reduceScatter(all, local, elementsPerRank, type);
    }

    @Override
    public void broadcast(ByteBuffer tensor, int root) {
        if (rank() == root && size() > 1) {
            count.collective(group(), root, axis, "broadcast", tensor.remaining());
        }
        group.broadcast(tensor, root);
    }

    @Override
    public void barrier() {
        group.barrier();
    }

    @Override
    public void send(int to, long tag, ByteBuffer message) {
        count.send(group(), to, axis, message.remaining());
        group.send(to, tag, message);
    }

    @Override
    public void receive(int from, long tag, ByteBuffer message) {
        group.receive(from, tag, message);
    }

    @Override
    public void abandon() {
        group.abandon();
    }

    @Override
    public void reset() {
        group.reset();
    }

    @Override
    public long bytesReserved() {
        return group.bytesReserved();
    }

    @Override
    public Map<String, Census> census() {
        return group.census();
    }

    @Override
    public void close() {
        group.close();
    }
}
