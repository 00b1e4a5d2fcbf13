package io.shardlab.cluster;

import io.shardlab.cluster.WorkerFailure.Cause;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Why a process ended, from its exit code and what it left. */
record Diagnosis(Cause cause, String what, Optional<String> signal, Optional<Path> crashLog) {

    static final int HEAP_EXIT = 3;

    /** What a JVM prints when it ends for lack of heap; a program may end with the same code on its own account. */
    private static final String HEAP_LINE = "Terminating due to java.lang.OutOfMemoryError";

    private static final int SIGNAL_BASE = 128;
    private static final int ABORT = 6;
    private static final int KILL = 9;
    private static final String NO_MEMORY = "insufficient memory for the Java Runtime Environment";
    private static final Map<Integer, String> SIGNALS = Map.ofEntries(
            Map.entry(1, "SIGHUP"),
            Map.entry(2, "SIGINT"),
            Map.entry(3, "SIGQUIT"),
            Map.entry(4, "SIGILL"),
            Map.entry(ABORT, "SIGABRT"),
            Map.entry(7, "SIGBUS"),
            Map.entry(8, "SIGFPE"),
            Map.entry(KILL, "SIGKILL"),
            Map.entry(11, "SIGSEGV"),
            Map.entry(13, "SIGPIPE"),
            Map.entry(15, "SIGTERM"),
            Map.entry(24, "SIGXCPU"),
            Map.entry(31, "SIGSYS"));
    private static final Pattern LOG_SIGNAL = Pattern.compile("#\\s+(SIG[A-Z]+) \\(");
    private static final Pattern LOG_FRAME = Pattern.compile("# Problematic frame:\\s*\\R#\\s*(.+)");

    /**
     * Reads the signs.
     *
     * @param lastLines of its standard output
     * @param memoryKills how many processes the host killed for lack of memory since the worker started
     */
    static Diagnosis of(
            int exitCode, Optional<Path> crashLog, List<String> lastLines, long memoryKills, ClusterSpec spec) {
        Optional<String> signal = Optional.ofNullable(SIGNALS.get(exitCode - SIGNAL_BASE));
        if (crashLog.isPresent()) {
            return ofCrash(exitCode, crashLog.get(), signal, spec);
        }
        if (exitCode == HEAP_EXIT && lastLines.stream().anyMatch(line -> line.contains(HEAP_LINE))) {
            String what = "ran out of Java heap (" + (spec.heapBytes() >> 20) + " MiB; start with a larger --heap)";
            return new Diagnosis(Cause.JAVA_HEAP, what, Optional.empty(), Optional.empty());
        }
        if (exitCode == SIGNAL_BASE + KILL && memoryKills > 0) {
            String what = "killed by the host for lack of memory (SIGKILL, oom_kill +" + memoryKills + ")";
            return new Diagnosis(Cause.OUT_OF_MEMORY_KILL, what, signal, Optional.empty());
        }
        return signal.map(name -> new Diagnosis(Cause.SIGNAL, "killed by " + name, signal, Optional.empty()))
                .orElseGet(() ->
                        new Diagnosis(Cause.EXIT, "exited with code " + exitCode, Optional.empty(), Optional.empty()));
    }

    private static Diagnosis ofCrash(int exitCode, Path log, Optional<String> signal, ClusterSpec spec) {
        String text = "";
        try {
            text = new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            // The exit code alone has to do.
        }
        if (text.contains(NO_MEMORY)) {
            String budget = spec.memoryBytes()
                    .map(bytes -> " of its budget of " + (bytes >> 20) + " MiB; start with a larger --memory")
                    .orElse(" of the host");
            return new Diagnosis(Cause.NATIVE_MEMORY, "ran out of the memory" + budget, signal, Optional.of(log));
        }
        Matcher logSignal = LOG_SIGNAL.matcher(text);
        Matcher frame = LOG_FRAME.matcher(text);
        Optional<String> named = logSignal.find() ? Optional.of(logSignal.group(1)) : signal;
        String what = "crashed natively with " + named.orElse("code " + exitCode)
                + (frame.find() ? " at " + frame.group(1).strip() : "");
        return new Diagnosis(Cause.NATIVE_CRASH, what, named, Optional.of(log));
    }
}
