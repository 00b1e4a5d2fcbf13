package io.shardlab.cluster;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A small process that removes a job's two folders when this one has ended, whatever ended it. Its standard input is a pipe that
 * only this JVM holds open: there it hears of each worker, and its end is the end of this JVM, or {@link #close}.
 *
 * <p>It has a session of its own, because Jupyter kills the process group of a kernel, and it holds nothing else of this JVM's.
 */
final class LastWatch implements AutoCloseable {

    /** Waits for the end of what it hears of, no longer than five seconds, and removes the folders that it was started with. */
    private static final String SCRIPT =
            """
            trap '' INT TERM HUP QUIT
            cd /
            workers=
            while read -r worker; do workers="$workers $worker"; done
            tries=50
            for worker in $workers; do
                while kill -0 "$worker" && [ "$tries" -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
            done
            rm -rf -- "$@" || { sleep 1; rm -rf -- "$@"; }
            """;

    private final OutputStream heard;

    private LastWatch(Process process) {
        this.heard = process.getOutputStream();
    }

    /** Begins to watch over the folders of a job. */
    static LastWatch over(JobFolder folder, Map<String, String> environment) throws IOException {
        List<String> command = new ArrayList<>();
        WorkerCommand.program("setsid", environment).ifPresent(command::add);
        command.addAll(List.of("/bin/sh", "-c", SCRIPT, "shardlab-last-watch"));
        for (Path each : List.of(folder.shared(), folder.folder())) {
            command.add(each.toAbsolutePath().toString());
        }
        return new LastWatch(new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start());
    }

    /** Tells it of a worker, for whose end it waits. */
    synchronized void hearOf(long pid) throws IOException {
        heard.write((pid + "\n").getBytes(StandardCharsets.US_ASCII));
        heard.flush();
    }

    /** Ends it; it removes what is still there. */
    @Override
    public void close() throws IOException {
        heard.close();
    }
}
