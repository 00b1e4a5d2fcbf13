package io.shardlab.cluster;

import io.shardlab.mesh.Device;
import io.shardlab.run.StatusPage;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How a worker was lost.
 *
 * @param cause the sort of end
 * @param what the end in words: {@code killed by SIGKILL}
 * @param exitCode of the process, 128 + signal for signals
 * @param signal that ended it, where one did
 * @param crashLog of the JVM, after a native crash
 * @param note what the rank was doing
 * @param lastLines of its standard error
 */
public record WorkerFailure(
        int rank,
        Device device,
        long pid,
        Cause cause,
        String what,
        int exitCode,
        Optional<String> signal,
        Optional<Path> crashLog,
        StatusPage.Note note,
        List<String> lastLines) {

    /** The sort of end; earlier ones explain later ones when several workers end at the same time. */
    public enum Cause {
        OUT_OF_MEMORY_KILL,
        NATIVE_CRASH,
        /** The JVM could not get memory from the system, for instance within {@code --memory}. */
        NATIVE_MEMORY,
        SIGNAL,
        JAVA_HEAP,
        UNRESPONSIVE,
        PROTOCOL,
        EXIT,
        ENDED_BY_USER
    }

    public WorkerFailure {
        lastLines = List.copyOf(lastLines);
    }

    /** For instance {@code rank 1 (cpu:1) killed by SIGKILL in forward, step 7}. */
    public String summary() {
        String where = idle() ? "while idle" : "in " + note.where();
        return "rank " + rank + " (" + device + ") " + what + (cause == Cause.UNRESPONSIVE ? ", " : " ") + where;
    }

    /** Whether it had nothing to do when it was lost. */
    public boolean idle() {
        return note.phase().equals("idle");
    }
}
