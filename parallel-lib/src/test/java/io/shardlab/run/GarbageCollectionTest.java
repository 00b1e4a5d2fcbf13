package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.model.Planner;
import io.shardlab.model.Presets;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Autograd graphs once read token ids and scalars from Java buffers that the collector had freed: forward passes were right,
 * gradients now and then wrong, and only in workers with a small heap.
 */
final class GarbageCollectionTest {

    @TempDir
    Path temporary;

    @Test
    void gradientsAreTheSameWhileTheCollectorFreesEverythingItCan() throws Exception {
        List<Double> quiet = gradientNorms();
        AtomicBoolean done = new AtomicBoolean();
        Thread collector = new Thread(() -> {
            while (!done.get()) {
                System.gc();
                for (int i = 0; i < 500; i++) {
                    // Reuses freed memory of the sizes that tokens and scalars have.
                    ByteBuffer garbage = ByteBuffer.allocateDirect(8 << i % 12);
                    while (garbage.hasRemaining()) {
                        garbage.put((byte) 1);
                    }
                }
            }
        });
        collector.start();
        try {
            assertEquals(quiet, gradientNorms());
        } finally {
            done.set(true);
            collector.join();
        }
    }

    private List<Double> gradientNorms() throws IOException {
        Plan plan = Planner.plan(
                Presets.resolve("tiny"),
                Scheme.SINGLE,
                new Planner.Settings(TensorType.FLOAT32, new Plan.Workload(8, 32, 8), "gpipe", 0));
        ByteBuffer ids = ByteBuffer.allocate(2000 * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 2000; i++) {
            ids.putInt(i * 7 % 256);
        }
        Path tokens = Files.write(temporary.resolve("tokens.bin"), ids.array());
        List<Double> norms = new ArrayList<>();
        try (RankThreads ranks = new RankThreads(1)) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            Request train = new Request.Train(plan, TrainSettings.DEFAULT.withSteps(10), tokens.toString(), 0);
            ranks.demand(train, (rank, event) -> {
                if (event instanceof Event.StepDone step) {
                    norms.add(step.metrics().gradNorm());
                }
            });
        }
        return norms;
    }
}
