package io.shardlab.comm;

import io.shardlab.tensor.Addition;
import io.shardlab.transport.Windows;
import java.util.Optional;

/** What all calls of a group work with. */
record GroupMemory(Windows windows, Rounds rounds, RankOrderSum sum, CallCount count) {

    static GroupMemory of(Windows windows, Optional<Addition> addition) {
        return new GroupMemory(
                windows, new Rounds(windows), new RankOrderSum(windows, addition), new CallCount(windows.group()));
    }

    int size() {
        return windows.group().size();
    }

    int me() {
        return windows.index();
    }
}
