package io.shardlab.run;

import io.shardlab.mesh.Device;
import io.shardlab.transport.InProcessTransport;
import io.shardlab.transport.Transport;
import io.shardlab.transport.WaitPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiConsumer;

/** Ranks as threads of the test's process, over the in-process transport. */
final class RankThreads implements AutoCloseable {

    private final List<ExecutorService> threads = new ArrayList<>();
    private final List<RankExecutor> ranks = new ArrayList<>();
    final List<StopSignal> stops = new ArrayList<>();

    RankThreads(int numRanks) {
        WaitPolicy[] policies = new WaitPolicy[numRanks];
        List<CompletableFuture<RankExecutor>> opening = new ArrayList<>();
        List<Transport> ends = new ArrayList<>();
        Duration timeout = Duration.ofSeconds(30);
        for (int rank = 0; rank < numRanks; rank++) {
            StopSignal stop = new StopSignal();
            stops.add(stop);
            ExecutorService thread = Executors.newSingleThreadExecutor();
            threads.add(thread);
            Seat seat = new Seat(
                    rank, numRanks, Device.cpu(rank), 1, Path.of("."), Path.of("."), timeout, Optional.empty());
            int index = rank;
            opening.add(CompletableFuture.supplyAsync(
                    () -> RankRunner.open(seat, stop, StatusPage.inMemory(), wait -> {
                        synchronized (policies) {
                            policies[index] = wait;
                            policies.notifyAll();
                            while (ends.isEmpty()) {
                                try {
                                    policies.wait();
                                } catch (InterruptedException e) {
                                    throw new IllegalStateException(e);
                                }
                            }
                            return ends.get(index);
                        }
                    }),
                    thread));
        }
        synchronized (policies) {
            while (Arrays.stream(policies).anyMatch(Objects::isNull)) {
                try {
                    policies.wait();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            ends.addAll(InProcessTransport.create(numRanks, rank -> policies[rank]));
            policies.notifyAll();
        }
        opening.forEach(rank -> ranks.add(rank.join()));
    }

    List<Reply> execute(Request request) {
        return execute(request, (rank, event) -> {});
    }

    List<Reply> execute(Request request, BiConsumer<Integer, Event> events) {
        List<CompletableFuture<Reply>> running = new ArrayList<>();
        for (int rank = 0; rank < ranks.size(); rank++) {
            int index = rank;
            running.add(CompletableFuture.supplyAsync(
                    () -> ranks.get(index).execute(request, event -> {
                        synchronized (this) {
                            events.accept(index, event);
                        }
                        if (event instanceof Event.Failing) {
                            stops.forEach(StopSignal::cancel);
                        }
                    }),
                    threads.get(rank)));
        }
        List<Reply> replies = running.stream().map(CompletableFuture::join).toList();
        return Collections.unmodifiableList(replies);
    }

    /** Executes and fails on the first failed reply. */
    List<Reply> demand(Request request, BiConsumer<Integer, Event> events) {
        List<Reply> replies = execute(request, events);
        for (int rank = 0; rank < replies.size(); rank++) {
            if (replies.get(rank) instanceof Reply.Failed failed) {
                throw new AssertionError("rank " + rank + " failed: " + failed.type() + ": " + failed.message() + "\n  "
                        + String.join("\n  ", failed.stack()));
            }
        }
        return replies;
    }

    /** The arrays that the engines of all ranks keep for their shards. */
    int numArrays() {
        return ranks.stream().mapToInt(rank -> ((RankRunner) rank).numArrays()).sum();
    }

    /** Forgets cancellations, as whoever runs ranks does before the next request. */
    void clearStops() {
        stops.forEach(StopSignal::clear);
    }

    @Override
    public void close() {
        for (int rank = 0; rank < ranks.size(); rank++) {
            int index = rank;
            CompletableFuture.runAsync(() -> ranks.get(index).close(), threads.get(rank))
                    .join();
            threads.get(rank).shutdown();
        }
    }
}
