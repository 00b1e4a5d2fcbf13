package io.shardlab.comm;

import io.shardlab.tensor.TensorType;
import io.shardlab.transport.StartedCall;
import java.nio.ByteBuffer;

/**
 * A collective as a row of rounds: in each, a member offers what the others read, and takes what they have offered once
 * all have come. Owned by the rank's compute thread; may be set anew once it is over.
 */
abstract class RoundCall implements StartedCall.Steps {

    final GroupMemory memory;
    /** This member's window. */
    final ByteBuffer mine;

    final int size;
    final int me;
    private final Operation operation;
    private int round;
    private boolean begun;
    private boolean announced;

    RoundCall(Operation operation, GroupMemory memory) {
        this.operation = operation;
        this.memory = memory;
        size = memory.size();
        me = memory.me();
        mine = memory.windows().data(me);
    }

    /** Tells the group's rounds what is called, and does what needs nobody else. */
    abstract void begin();

    /** How many rounds there are; at least one. */
    abstract int numRounds();

    /** Whether this member has what it offers in a round. */
    boolean ready(int number) {
        return true;
    }

    /** Writes what the others read in a round; gives the bytes that it sends with it. */
    abstract long offer(int number);

    /** Takes what the others have offered in a round. */
    abstract void take(int number);

    /** The bytes by which the call is counted. */
    abstract long countedBytes();

    final void announceCall(TensorType type, long elements, long detail) {
        memory.rounds().begin(operation, type, elements, detail);
    }

    @Override
    public final boolean advance() {
        if (!begun) {
            memory.count().begin(operation);
            begun = true;
            round = 0;
            announced = false;
            begin();
        }
        while (round < numRounds()) {
            if (!announced) {
                if (!ready(round)) {
                    return false;
                }
                memory.rounds().announce(offer(round));
                announced = true;
            }
            if (!memory.rounds().met()) {
                return false;
            }
            announced = false;
            take(round++);
        }
        begun = false;
        memory.count().end(operation, countedBytes());
        return true;
    }

    @Override
    public final void pause() {
        memory.rounds().pause();
    }

    /** Forgets a call that failed on the way. */
    final void drop() {
        begun = false;
    }
}
