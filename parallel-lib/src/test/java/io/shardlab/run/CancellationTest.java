package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A stop at any moment leaves all ranks with the weights of the same whole steps, bit for bit, and ready to go on. */
final class CancellationTest {

    private static final int STEPS = 40;
    private static final int INTERRUPTIONS = 30;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"tp=2,pp=2|0", "pp=2|0", "pp=3|0", "dp=2|0", "dp=2|1", "dp=2,pp=2|0", "dp=2,tp=2|1"})
    void weightsAreThoseOfWholeStepsWheneverRanksAreStopped(String scheme, int zero) throws IOException {
        Plan plan = SmallModel.plan(scheme, TensorType.FLOAT32, Options.DEFAULT.withZero(zero));
        String tokens = SmallModel.tokens(folder.resolve("tokens.bin")).toString();
        Request place = new Request.Place(plan, Optional.empty());
        int stoppedInside = 0;
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(place, (rank, event) -> {});
            long begin = System.nanoTime();
            for (int step = 0; step < STEPS; step++) {
                dump(ranks, "expected-" + step);
                ranks.demand(train(plan, tokens, step, 1), (rank, event) -> {});
            }
            long nanosPerStep = (System.nanoTime() - begin) / STEPS;
            dump(ranks, "expected-" + STEPS);

            Random random = new Random(20261123);
            int done = STEPS;
            for (int i = 0; i < INTERRUPTIONS; i++) {
                if (done == STEPS) {
                    ranks.demand(place, (rank, event) -> {});
                    done = 0;
                }
                done += interruptedRun(ranks, train(plan, tokens, done, STEPS - done), random, nanosPerStep);
                stoppedInside += done < STEPS ? 1 : 0;
                dump(ranks, "actual");
                for (int rank = 0; rank < plan.mesh().size(); rank++) {
                    String name = "rank-" + rank + ".safetensors";
                    Path expected = folder.resolve("expected-" + done).resolve(name);
                    assertEquals(
                            -1,
                            Files.mismatch(expected, folder.resolve("actual").resolve(name)),
                            "rank " + rank + " after " + done + " steps, interruption " + i);
                }
            }
        }
        assertTrue(stoppedInside > INTERRUPTIONS / 3, "stopped inside a run: " + stoppedInside);
    }

    @Test
    void generationStopsOnAllRanksAndGoesOnLater() {
        Plan plan = SmallModel.plan("tp=2,pp=2", TensorType.FLOAT64);
        Request few = new Request.Infer(List.of(1, 2, 3), 5);
        try (RankThreads ranks = new RankThreads(4)) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            List<Integer> expected = ((Reply.Generated) ranks.execute(few).get(3)).tokens();
            for (int stopped = 0; stopped < 4; stopped++) {
                int after = 1 + stopped;
                int[] seen = {0};
                List<Reply> replies = ranks.execute(new Request.Infer(List.of(1, 2, 3), 10_000), (rank, event) -> {
                    if (event instanceof Event.Token && ++seen[0] == after) {
                        ranks.stops.forEach(StopSignal::cancel);
                    }
                });
                replies.forEach(reply -> assertInstanceOf(Reply.Cancelled.class, reply));
                ranks.clearStops();
                for (Reply reply : ranks.execute(few)) {
                    assertEquals(expected, ((Reply.Generated) reply).tokens());
                }
            }
        }
    }

    private static Request.Train train(Plan plan, String tokens, int firstStep, int steps) {
        return new Request.Train(plan, TrainSettings.DEFAULT.withSteps(steps), tokens, firstStep);
    }

    /** Stops each rank at a moment of its own, within a millisecond of the others; gives the steps done. */
    private static int interruptedRun(RankThreads ranks, Request.Train train, Random random, long nanosPerStep) {
        long start = System.nanoTime();
        CompletableFuture<List<Reply>> running = CompletableFuture.supplyAsync(() -> ranks.execute(train));
        long moment = start + (long) (random.nextDouble() * 6 * nanosPerStep);
        List<StopSignal> stops = new ArrayList<>(ranks.stops);
        Collections.shuffle(stops, random);
        for (StopSignal stop : stops) {
            while (System.nanoTime() < moment) {
                Thread.onSpinWait();
            }
            stop.cancel();
            moment += random.nextInt(1_000_000);
        }
        List<Reply> replies = running.join();
        ranks.clearStops();
        assertEquals(
                1, new HashSet<>(replies.stream().map(CancellationTest::steps).toList()).size(), replies::toString);
        assertEquals(1, new HashSet<>(replies.stream().map(Object::getClass).toList()).size(), replies::toString);
        return steps(replies.get(0));
    }

    private static int steps(Reply reply) {
        return reply instanceof Reply.Trained trained
                ? trained.stepsDone()
                : assertInstanceOf(Reply.Cancelled.class, reply).stepsDone();
    }

    private void dump(RankThreads ranks, String name) {
        ranks.demand(new Request.Dump(folder.resolve(name).toString()), (rank, event) -> {});
    }
}
