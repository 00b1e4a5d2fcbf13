package io.shardlab.magics.local;

import io.shardlab.cluster.WorkerEvent;
import io.shardlab.magics.backend.FailedWorkers;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.util.List;
import java.util.function.Consumer;

/** Asks all ranks, and throws {@link FailedWorkers} where one failed. */
interface Ranks {
    List<Reply> ask(Request request, Consumer<WorkerEvent> hearing);
}
