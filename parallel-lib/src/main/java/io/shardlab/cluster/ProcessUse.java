package io.shardlab.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What {@code /proc} says about a process.
 *
 * @param state its letter: {@code T} is stopped, {@code Z} dead and not yet waited for
 */
record ProcessUse(char state, long rssBytes, long peakRssBytes) {

    static final ProcessUse UNKNOWN = new ProcessUse('?', 0, 0);

    private static final int FIELDS_BEFORE_STATE = 3;
    private static final int START_TIME_FIELD = 22;

    boolean stopped() {
        return state == 'T' || state == 't';
    }

    static ProcessUse of(long pid) {
        try {
            Path folder = Path.of("/proc", Long.toString(pid));
            return parse(Files.readString(folder.resolve("stat")), Files.readString(folder.resolve("status")));
        } catch (IOException gone) {
            return UNKNOWN;
        }
    }

    static ProcessUse parse(String stat, String status) {
        String[] fields = afterName(stat);
        char state = fields[0].isEmpty() ? '?' : fields[0].charAt(0);
        return new ProcessUse(state, kilobytes(status, "VmRSS:"), kilobytes(status, "VmHWM:"));
    }

    /** When the process began, in clock ticks since the host did; empty if there is none. */
    static Optional<Long> startTicks(long pid) {
        try {
            String[] fields = afterName(Files.readString(Path.of("/proc", Long.toString(pid), "stat")));
            return fields[0].equals("Z")
                    ? Optional.empty()
                    : Optional.of(Long.parseLong(fields[START_TIME_FIELD - FIELDS_BEFORE_STATE]));
        } catch (IOException | NumberFormatException | ArrayIndexOutOfBoundsException gone) {
            return Optional.empty();
        }
    }

    /** The name, in parentheses, may hold anything, also blanks and parentheses. */
    private static String[] afterName(String stat) {
        return stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
    }

    private static long kilobytes(String status, String key) {
        return status.lines()
                .filter(line -> line.startsWith(key))
                .map(line -> line.replaceAll("\\D", ""))
                .filter(digits -> !digits.isEmpty())
                .mapToLong(digits -> Long.parseLong(digits) << 10)
                .findFirst()
                .orElse(0);
    }
}
