package io.shardlab.magics.local;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.cluster.WorkerFailure;
import io.shardlab.cluster.WorkerFailure.Cause;
import io.shardlab.magics.backend.Failure;
import io.shardlab.magics.backend.FoldedFailures;
import io.shardlab.mesh.Device;
import io.shardlab.run.StatusPage;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class FailuresTest {

    private static WorkerFailure lost(int rank, Cause cause, String what, String phase) {
        StatusPage.Note note = new StatusPage.Note(phase, "", -1, 1, Optional.empty(), 1, 1);
        return new WorkerFailure(
                rank,
                Device.cpu(rank),
                4000 + rank,
                cause,
                what,
                3,
                Optional.empty(),
                Optional.empty(),
                note,
                List.of());
    }

    private static FoldedFailures folded(WorkerFailure... lost) {
        List<Failure> failures = Failures.ofLost(List.of(lost), rank -> "-");
        return FoldedFailures.of(failures);
    }

    /** The card said that two ranks had stopped because of the first, while status said that each ran out of heap. */
    @Test
    void ranksThatEndedInTheSameWayAreNamedWithTheFirstAndOthersFollowFromIt() {
        FoldedFailures card = folded(
                lost(1, Cause.JAVA_HEAP, "ran out of Java heap", "cell"),
                lost(0, Cause.JAVA_HEAP, "ran out of Java heap", "cell"),
                lost(2, Cause.JAVA_HEAP, "ran out of Java heap", "cell"),
                lost(3, Cause.EXIT, "exited with code 86", "cell"));
        assertEquals(1, card.folded().size());
        assertEquals(List.of(1, 0, 2), card.folded().get(0).ranks());
        assertEquals(1, card.consequences());
    }

    @Test
    void aWorkerIsLostWhileIdleAndInWhatItDid() {
        assertEquals(
                "rank 1 (-, cpu:1) failed: killed by SIGKILL while idle",
                folded(lost(1, Cause.SIGNAL, "killed by SIGKILL", "idle"))
                        .folded()
                        .get(0)
                        .headline());
        assertEquals(
                "rank 1 (-, cpu:1) failed in cell: killed by SIGKILL",
                folded(lost(1, Cause.SIGNAL, "killed by SIGKILL", "cell"))
                        .folded()
                        .get(0)
                        .headline());
    }
}
