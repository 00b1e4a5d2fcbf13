package io.shardlab.cluster;

import io.shardlab.mesh.Device;
import io.shardlab.run.StatusPage;
import java.util.Optional;

/**
 * One rank at one moment.
 *
 * @param pid of its process
 * @param note what the rank itself noted last: phase, action, step, engine version, heap
 * @param rssBytes resident memory, 0 for a dead worker
 * @param peakRssBytes the most it has been, 0 for a dead worker
 * @param limitBytes memory budget, where there is one
 * @param lastError of its last failed request, or how it ended
 * @param readyMillis from the start being asked for to its hello, {@code -1} before
 */
public record WorkerStatus(
        int rank,
        long pid,
        Device device,
        State state,
        StatusPage.Note note,
        long rssBytes,
        long peakRssBytes,
        Optional<Long> limitBytes,
        Optional<String> lastError,
        long readyMillis) {

    /** What a worker can be found doing. */
    public enum State {
        STARTING,
        READY,
        BUSY,
        /** Halted by a signal such as SIGSTOP; it may go on. */
        STOPPED,
        DEAD
    }

    /** What it did last, for a table: {@code forward 0F3 step 7}. */
    public String lastAction() {
        String action = note.action().isEmpty() ? note.phase() : note.phase() + " " + note.action();
        return note.step() < 0 ? action : action + " step " + note.step();
    }
}
