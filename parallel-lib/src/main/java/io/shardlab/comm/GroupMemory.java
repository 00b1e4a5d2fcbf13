package io.shardlab.comm;

import io.shardlab.transport.Windows;

/** What all calls of a group work with. */
record GroupMemory(Windows windows, Rounds rounds, RankOrderSum sum, CallCount count) {

    static GroupMemory of(Windows windows) {
        return new GroupMemory(windows, new Rounds(windows), new RankOrderSum(windows), new CallCount(windows.group()));
    }

    int size() {
        return windows.group().size();
    }

    int me() {
        return windows.index();
    }
}
