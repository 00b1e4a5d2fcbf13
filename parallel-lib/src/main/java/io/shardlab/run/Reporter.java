package io.shardlab.run;

import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Says how a run goes, no oftener than anyone can look. */
final class Reporter {

    private static final long MEMORY_EVERY_NANOS = 500_000_000;

    private final int rank;
    private final Consumer<Event> events;
    private long lastMemory;

    Reporter(int rank, Consumer<Event> events) {
        this.rank = rank;
        this.events = events;
    }

    void step(StepMetrics metrics, Recorder recorder, Supplier<MemoryUse> memory) {
        events.accept(new Event.Spans(metrics.step(), recorder.spans()));
        if (rank == 0) {
            events.accept(new Event.StepDone(metrics));
        }
        long now = System.nanoTime();
        if (lastMemory == 0 || now - lastMemory > MEMORY_EVERY_NANOS) {
            lastMemory = now;
            events.accept(new Event.Memory(memory.get()));
        }
    }
}
