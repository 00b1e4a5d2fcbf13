package io.shardlab.comm;

import io.shardlab.mesh.Group;
import io.shardlab.tensor.Addition;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.Purpose;
import io.shardlab.transport.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The collectives of one group, as one member calls them from its compute thread.
 *
 * <p>All members call the same collectives in the same order. Ranks here are ranks <em>within the group</em>. Buffers
 * hold elements from position to limit, in native byte order whatever {@link ByteBuffer#order()} says; position and
 * limit stay. Direct buffers are fast. A call fails with
 *
 * <ul>
 *   <li>{@link io.shardlab.transport.MismatchedCall} on all members if their calls do not belong together,
 *   <li>{@link io.shardlab.transport.PeerTimeout} if a member does not come,
 *   <li>whatever the wait policy's check throws.
 * </ul>
 *
 * After a failed call the buffers' contents are undefined and the group needs {@link #reset()}.
 *
 * <p>The {@code start} methods begin a collective and let the caller compute on. What was started goes on, group by group in
 * the order started, whenever the rank waits for anything or calls {@link Transport#progress}. Buffers must stay alive and
 * untouched until {@link Pending#await} returns. Any other call in the group first waits for what was started in it. Who leaves
 * in between, after a failure or a cancellation, calls {@link #abandon()} before it frees the buffers.
 */
public interface Communicator extends AutoCloseable {

    /** Opens the collectives of a group for large tensors; all its members do so, in the same order of groups. */
    static Communicator open(Transport transport, Group group) throws IOException {
        return open(transport, group, Purpose.COLLECTIVES);
    }

    /** Opens the collectives of a group for what it will mostly do. */
    static Communicator open(Transport transport, Group group, Purpose purpose) throws IOException {
        return open(transport, group, purpose, Optional.empty());
    }

    /**
     * Opens the collectives of a group for what it will mostly do.
     *
     * @param addition what sums tensors in direct buffers; members may differ, the results do not
     */
    static Communicator open(Transport transport, Group group, Purpose purpose, Optional<Addition> addition)
            throws IOException {
        if (group.size() == 1) {
            return new SoloCommunicator(group);
        }
        return new WindowCommunicator(transport.open(group, purpose), addition);
    }

    /** This member's rank within the group. */
    int rank();

    default int size() {
        return group().size();
    }

    Group group();

    /** Replaces the tensor by the sum over the members, added up from member 0 to the last for every element. */
    void allReduce(ByteBuffer tensor, TensorType type);

    /** Starts what {@link #allReduce} does. */
    Pending startAllReduce(ByteBuffer tensor, TensorType type);

    /**
     * Starts what {@link #allReduce} does on a tensor that is not computed yet. The caller makes no other call in the group
     * before it has said that all of the tensor is final.
     *
     * @param parts how many pieces of about equal size it will be told of, at least 1; the same on all members
     */
    Growing startAllReduceOfGrowing(ByteBuffer tensor, TensorType type, int parts);

    /** Starts what {@link #allGather} does. */
    Pending startAllGather(ByteBuffer local, ByteBuffer all, List<Long> elementsPerRank, TensorType type);

    /** Starts what {@link #reduceScatter} does; {@code all} may be neither read nor written meanwhile. */
    Pending startReduceScatter(ByteBuffer all, ByteBuffer local, List<Long> elementsPerRank, TensorType type);

    /**
     * Puts the members' parts, which may differ in length, one after the other into {@code all}. With {@code all} as {@code local}
     * too, this member's part lies in its place already.
     */
    void allGather(ByteBuffer local, ByteBuffer all, List<Long> elementsPerRank, TensorType type);

    /**
     * Sums as {@link #allReduce} does and leaves each member its part in {@code local}; {@code all} stays. With {@code all} as
     * {@code local} too, the sum takes the place of this member's part.
     */
    void reduceScatter(ByteBuffer all, ByteBuffer local, List<Long> elementsPerRank, TensorType type);

    /** Copies the root's bytes to all members. */
    void broadcast(ByteBuffer tensor, int root);

    /** Returns when all members have called it. */
    void barrier();

    /** Sends a message; never waits for its receive. Messages between two members arrive in the order sent. */
    void send(int to, long tag, ByteBuffer message);

    /** Waits for the next message of a member, which must have this tag and length. */
    void receive(int from, long tag, ByteBuffer message);

    /**
     * Ends this member's started collectives, without the others; none touches a buffer any more when this returns. If
     * any was unfinished, the group needs {@link #reset()}; else nothing happens.
     */
    void abandon();

    /**
     * Forgets unfinished calls, abandons started ones, and drops messages on their way. All members call it while none is inside
     * another call of this group: between two barriers of another group.
     */
    void reset();

    /** Bytes that this member contributes to the shared memory of the job. */
    long bytesReserved();

    /** What was done so far, by name of operation: {@code all_reduce}, {@code send} … */
    Map<String, Census> census();

    /** Gives the memory back; messages that have not left yet are lost, so put a barrier before. */
    @Override
    void close();
}
