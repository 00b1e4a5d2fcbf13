package io.shardlab.tests;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cluster.ClusterSpec;
import io.shardlab.cluster.WorkerStatus;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.run.Request;
import io.shardlab.run.TrainSettings;
import io.shardlab.tensor.TensorType;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Workers stay as large as they are. What is left of growth is the JIT compiler's: some 3 MiB of compiled code, and pages of
 * its working memory that share a huge page with something living (with the first compiler alone, workers grow by 4 MiB in
 * 2 000 steps). A leak of 8 KiB per step, half a tensor, would come to 16 MiB.
 */
final class LeakTest {

    private static final int FIRST_STEPS = 50;
    private static final int ALL_STEPS = 2000;
    private static final int STEPS_PER_REQUEST = 325;
    private static final long HEAP_BYTES = 32L << 20;
    private static final int HALFWAY = 1025;
    private static final int LOOKS = 12;
    private static final long PAUSE_MILLIS = 1000;
    private static final long TOLERANCE_BYTES = 8L << 20;
    private static final long STEADY_TOLERANCE_BYTES = 6L << 20;

    @TempDir
    Path folder;

    @Test
    void twoThousandStepsLaterWorkersAreNotLarger() throws Exception {
        // [b,T,D] has 8·32·16 float32: 16 KiB.
        ModelSpec model =
                new ModelSpec("leak", 256, 16, 32, 1, 2, 2, 8, 10_000, 1e-5, true, 64, 0.05, Optional.empty());
        Plan plan = Planner.plan(
                model,
                Scheme.parse("tp=2"),
                new Planner.Settings(TensorType.FLOAT32, new Plan.Workload(8, 32, 1), "1f1b", 7));
        Path tokens = Lab.tokens(folder.resolve("tokens.bin"), 2000);
        ClusterSpec spec = ClusterSpec.cpu(2, 2).withHeap(HEAP_BYTES);
        try (Lab lab = Lab.start(folder.resolve("home"), spec, event -> {})) {
            lab.run(new Request.Place(plan, Optional.empty()));
            train(lab, plan, tokens, 0, FIRST_STEPS);
            List<Long> before = resident(lab);
            List<Long> halfway = List.of();
            for (int done = FIRST_STEPS; done < ALL_STEPS; done += STEPS_PER_REQUEST) {
                train(lab, plan, tokens, done, STEPS_PER_REQUEST);
                if (done + STEPS_PER_REQUEST == HALFWAY) {
                    halfway = settled(lab, plan, tokens, before);
                }
            }
            List<Long> after = settled(lab, plan, tokens, before);
            String sizes = "resident at steps " + FIRST_STEPS + ", " + HALFWAY + ", " + ALL_STEPS + ": " + before + ", "
                    + halfway + ", " + after;
            System.out.println(sizes);
            assertTrue(within(after, halfway, STEADY_TOLERANCE_BYTES), sizes);
            assertTrue(within(after, before, TOLERANCE_BYTES), sizes);
        }
    }

    private static void train(Lab lab, Plan plan, Path tokens, int from, int steps) throws Exception {
        lab.run(new Request.Train(plan, TrainSettings.DEFAULT.withSteps(steps), tokens.toString(), from));
    }

    /**
     * The least of several looks, each after a step that gives memory back. While the JIT compiler is at work it has some 15 MiB,
     * which come and go for thousands of steps, and which the JVM's cleaner frees every five seconds. What leaks does not go.
     */
    private static List<Long> settled(Lab lab, Plan plan, Path tokens, List<Long> before) throws Exception {
        List<Long> least = resident(lab);
        for (int look = 0; look < LOOKS && !within(least, before, TOLERANCE_BYTES); look++) {
            Thread.sleep(PAUSE_MILLIS);
            train(lab, plan, tokens, 0, 1);
            List<Long> now = resident(lab);
            List<Long> earlier = least;
            least = IntStream.range(0, now.size())
                    .mapToObj(rank -> Math.min(earlier.get(rank), now.get(rank)))
                    .toList();
        }
        return least;
    }

    private static boolean within(List<Long> sizes, List<Long> before, long tolerance) {
        return IntStream.range(0, sizes.size()).allMatch(rank -> sizes.get(rank) - before.get(rank) <= tolerance);
    }

    private static List<Long> resident(Lab lab) {
        return lab.cluster().status().stream().map(WorkerStatus::rssBytes).toList();
    }
}
