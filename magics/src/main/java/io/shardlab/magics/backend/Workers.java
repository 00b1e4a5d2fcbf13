package io.shardlab.magics.backend;

import io.shardlab.magics.command.UpOptions;
import io.shardlab.mesh.Selection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The workers' life. Same rules as {@link Backend}, of which this is a part. */
public interface Workers {

    /** Starts workers and waits until they are ready; the specification that already runs changes nothing. */
    Running up(UpOptions options);

    /** The workers that run, if they are what the options ask for. */
    Optional<Running> unchanged(UpOptions options);

    /**
     * Starts all workers anew, places what was placed and gives it back the weights it had, as far as they can be had.
     *
     * @param selection the ranks that need it; named to the user, because all others come along
     */
    Restarted restart(Selection selection, Progress progress);

    /** Stops all workers; at once, or after asking. */
    List<ExitRow> down(boolean now);

    List<StatusRow> status();

    /** The last lines of the selected workers, dead ones too. */
    List<LogLine> logs(Selection selection, int linesPerRank);

    /** That workers are lost, how, and what brings them back, in one line; empty while they live or where there are none. */
    default Optional<String> lost() {
        return Optional.empty();
    }

    /** What the running workers only simulate, for titles: {@code simulated link 10 GB/s, 20 µs}. */
    default Optional<String> simulated() {
        return Optional.empty();
    }

    /**
     * Workers that run.
     *
     * @param unchanged whether they ran already
     * @param banner one line for people: CPU or GPU, limits, what is simulated
     */
    record Running(List<WorkerRow> rows, double readyMillis, boolean unchanged, String banner) {

        public static final Running NONE = new Running(List.of(), 0, true, "no workers");

        public Running {
            rows = List.copyOf(rows);
        }
    }

    /** Workers that were started anew; {@code told} says in lines what was kept and what was lost. */
    record Restarted(Running running, List<String> told) {
        public Restarted {
            told = List.copyOf(told);
        }
    }

    record WorkerRow(int rank, long pid, String device, OptionalLong limitBytes, String engine, double readyMillis) {}

    record ExitRow(int rank, long pid, String device, String exit) {}

    record StatusRow(
            int rank,
            String role,
            long pid,
            String device,
            String state,
            String lastAction,
            OptionalLong rssBytes,
            OptionalLong heapBytes,
            OptionalLong limitBytes,
            Optional<String> lastError) {}

    record LogLine(int rank, String line) {}
}
