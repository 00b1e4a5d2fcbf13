package io.shardlab.comm;

import io.shardlab.tensor.TensorType;

/** One round without anything in it. */
final class BarrierCall extends RoundCall {

    BarrierCall(GroupMemory memory) {
        super(Operation.BARRIER, memory);
    }

    @Override
    void begin() {
        announceCall(TensorType.FLOAT32, 0, 0);
    }

    @Override
    int numRounds() {
        return 1;
    }

    @Override
    long offer(int number) {
        return 0;
    }

    @Override
    void take(int number) {}

    @Override
    long countedBytes() {
        return 0;
    }
}
