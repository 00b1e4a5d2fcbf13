package io.shardlab.magics.local;

import io.shardlab.cluster.WorkerFailure;
import io.shardlab.cluster.WorkerStatus;
import io.shardlab.magics.backend.Failure;
import io.shardlab.run.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/** Turns what workers and their cluster report into failures as a card shows them. */
final class Failures {

    private static final int LINES = 6;

    private Failures() {}

    /**
     * @param statuses asked for only if a rank has failed, because it reads files of every process
     * @param role of a rank
     */
    static List<Failure> of(List<Reply> replies, Supplier<List<WorkerStatus>> statuses, IntFunction<String> role) {
        if (replies.stream().noneMatch(Reply.Failed.class::isInstance)) {
            return List.of();
        }
        List<WorkerStatus> status = statuses.get();
        List<Failure> failures = new ArrayList<>();
        for (int rank = 0; rank < replies.size(); rank++) {
            if (replies.get(rank) instanceof Reply.Failed failed) {
                failures.add(new Failure(
                        rank,
                        role.apply(rank),
                        status.get(rank).device().toString(),
                        failed.where(),
                        failed.type() + ": " + failed.message(),
                        failed.stack().stream().limit(LINES).toList(),
                        failed.consequence()));
            }
        }
        return failures;
    }

    /** The first is the cause; ranks that ended in the same way are named with it, the others follow from it. */
    static List<Failure> ofLost(List<WorkerFailure> all, IntFunction<String> role) {
        List<Failure> failures = new ArrayList<>();
        for (WorkerFailure lost : all) {
            List<String> lines = new ArrayList<>();
            lost.crashLog().ifPresent(log -> lines.add("crash log: " + log));
            List<String> last = lost.lastLines();
            lines.addAll(last.subList(Math.max(0, last.size() - LINES), last.size()));
            failures.add(new Failure(
                    lost.rank(),
                    role.apply(lost.rank()),
                    lost.device().toString(),
                    lost.idle() ? "" : lost.note().where(),
                    lost.what() + (lost.idle() ? " while idle" : ""),
                    lines,
                    !lost.what().equals(all.get(0).what())));
        }
        return failures;
    }
}
