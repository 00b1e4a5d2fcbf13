package io.shardlab.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.shardlab.mesh.Device;
import io.shardlab.plan.Json;
import io.shardlab.run.Seat;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What a worker JVM is told at its start, through its environment, which only its user can read.
 *
 * @param nonce by which the kernel recognises it
 * @param parentPid of the process whose child it must be
 */
record WorkerSettings(
        int rank,
        int numRanks,
        Device device,
        int threads,
        String folder,
        String sharedFolder,
        long timeoutMillis,
        String socket,
        String page,
        String nonce,
        long parentPid) {

    static final String VARIABLE = "SHARDLAB_WORKER";

    Seat seat() {
        Duration timeout = Duration.ofMillis(timeoutMillis);
        return new Seat(rank, numRanks, device, threads, Path.of(folder), Path.of(sharedFolder), timeout);
    }

    String encode() throws JsonProcessingException {
        return Json.mapper().writeValueAsString(this);
    }

    static WorkerSettings decode(String json) throws JsonProcessingException {
        return Json.mapper().readValue(json, WorkerSettings.class);
    }
}
