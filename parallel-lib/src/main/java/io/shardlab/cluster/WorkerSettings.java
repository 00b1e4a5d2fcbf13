package io.shardlab.cluster;

import io.shardlab.mesh.Device;
import io.shardlab.mesh.Link;
import io.shardlab.run.Seat;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * What a worker JVM is told at its start, through environment variables, which only its user can read. Plain variables rather
 * than JSON: the JSON library takes a third of a second to load, which a worker spends after it has said hello.
 *
 * @param socket address of its control channel
 * @param page file of its status page
 * @param nonce by which the kernel recognises it
 * @param parentPid of the process whose child it must be
 */
record WorkerSettings(Seat seat, Path socket, Path page, String nonce, long parentPid) {

    private static final String PREFIX = "SHARDLAB_WORKER_";

    void write(Map<String, String> environment) {
        environment.put(PREFIX + "RANK", Integer.toString(seat.rank()));
        environment.put(PREFIX + "RANKS", Integer.toString(seat.numRanks()));
        environment.put(PREFIX + "DEVICE", seat.device().toString());
        environment.put(PREFIX + "THREADS", Integer.toString(seat.threads()));
        environment.put(PREFIX + "FOLDER", seat.folder().toString());
        environment.put(PREFIX + "SHARED", seat.sharedFolder().toString());
        environment.put(PREFIX + "TIMEOUT_MILLIS", Long.toString(seat.timeout().toMillis()));
        seat.link().ifPresent(link -> {
            environment.put(PREFIX + "LINK_BYTES_PER_SECOND", Double.toString(link.bytesPerSecond()));
            environment.put(PREFIX + "LINK_LATENCY_NANOS", Long.toString(link.latencyNanos()));
        });
        environment.put(PREFIX + "SOCKET", socket.toString());
        environment.put(PREFIX + "PAGE", page.toString());
        environment.put(PREFIX + "NONCE", nonce);
        environment.put(PREFIX + "PARENT", Long.toString(parentPid));
    }

    static WorkerSettings read(Map<String, String> environment) {
        Seat seat = new Seat(
                Integer.parseInt(value(environment, "RANK")),
                Integer.parseInt(value(environment, "RANKS")),
                Device.parse(value(environment, "DEVICE")),
                Integer.parseInt(value(environment, "THREADS")),
                Path.of(value(environment, "FOLDER")),
                Path.of(value(environment, "SHARED")),
                Duration.ofMillis(Long.parseLong(value(environment, "TIMEOUT_MILLIS"))),
                link(environment));
        return new WorkerSettings(
                seat,
                Path.of(value(environment, "SOCKET")),
                Path.of(value(environment, "PAGE")),
                value(environment, "NONCE"),
                Long.parseLong(value(environment, "PARENT")));
    }

    private static Optional<Link> link(Map<String, String> environment) {
        return Optional.ofNullable(environment.get(PREFIX + "LINK_BYTES_PER_SECOND"))
                .map(rate ->
                        new Link(Double.parseDouble(rate), Long.parseLong(value(environment, "LINK_LATENCY_NANOS"))));
    }

    private static String value(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(PREFIX + name))
                .orElseThrow(() -> new IllegalStateException(
                        PREFIX + name + " is not set: this program is started by shardlab only"));
    }
}
