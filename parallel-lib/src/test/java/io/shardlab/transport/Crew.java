package io.shardlab.transport;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Ranks played by threads of the test: each runs the same body with its own transport. */
public final class Crew {

    private static final long PATIENCE_SECONDS = 120;

    private Crew() {}

    /** What one rank does. */
    public interface Body {
        void run(Transport transport) throws Exception;
    }

    /** Runs the body on all ranks and closes the transports; fails if any rank fails. */
    public static void run(List<Transport> transports, Body body) throws Exception {
        for (Optional<Throwable> failure : outcomes(transports, body)) {
            if (failure.isPresent()) {
                throw new AssertionError("a rank failed: " + failure.get(), failure.get());
            }
        }
    }

    /** Runs the body on all ranks, closes the transports when all have ended, and tells how each failed. */
    public static List<Optional<Throwable>> outcomes(List<Transport> transports, Body body) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(transports.size());
        try {
            List<Future<?>> futures = new ArrayList<>();
            for (Transport transport : transports) {
                futures.add(threads.submit(() -> {
                    body.run(transport);
                    return true;
                }));
            }
            List<Optional<Throwable>> outcomes = new ArrayList<>();
            for (Future<?> future : futures) {
                outcomes.add(outcome(future));
            }
            transports.forEach(Transport::close);
            return outcomes;
        } finally {
            threads.shutdownNow();
        }
    }

    private static Optional<Throwable> outcome(Future<?> future) throws InterruptedException, TimeoutException {
        try {
            future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            return Optional.empty();
        } catch (ExecutionException e) {
            return Optional.of(Objects.requireNonNull(e.getCause()));
        }
    }
}
