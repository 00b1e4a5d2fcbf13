package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.backend.Checkpointing;
import io.shardlab.magics.backend.Comparing;
import io.shardlab.magics.backend.Diagnosis;
import io.shardlab.magics.backend.Failure;
import io.shardlab.magics.backend.Measures;
import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.backend.Turns;
import io.shardlab.magics.backend.Workers;
import io.shardlab.plan.Plan;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A machine of four CPU workers and a model of four heads, all in memory, the same every time. */
final class FakeBackend implements Backend {

    static final int DEVICES = 4;

    /** What was started, in order; refusals must leave it empty. */
    final List<String> started = Collections.synchronizedList(new ArrayList<>());

    final CountDownLatch training = new CountDownLatch(1);
    final CountDownLatch cancelled = new CountDownLatch(1);
    final CountDownLatch killed = new CountDownLatch(1);
    boolean trainUntilCancelled;
    boolean ignoreCancel;
    volatile boolean busy;
    volatile boolean placeUntilCancelled;
    final Turns turns = new Turns();
    List<Failure> failures = List.of();

    /** Whether workers may ask for GPUs. */
    boolean gpus;
    /** Whether what is placed cannot be written. */
    boolean diskFull;
    /** Whether the save at the end of a run fails, though there was room. */
    boolean saveFails;

    int workers;

    /** What each worker may use. */
    OptionalLong memoryBytes = OptionalLong.empty();

    /** What is told of workers that died. */
    Optional<String> lost = Optional.empty();

    @Nullable
    Plan placed;

    private final Workers crew = new FakeWorkers(this);
    private final Diagnosis diagnosis = new FakeDiagnosis();
    private final Plans plans = new FakePlanner(this);
    private final Runs runs = new FakeRuns(this);
    private final Comparing comparing = new FakeComparing(this);
    private final Checkpointing checkpoints = new FakeCheckpointing(this);
    private final Measures measures = new FakeMeasures(this);

    Plan current() {
        Plan plan = placed;
        if (plan == null) {
            throw new IllegalStateException("no model is placed");
        }
        return plan;
    }

    @Override
    public Diagnosis diagnosis() {
        return diagnosis;
    }

    @Override
    public Workers workers() {
        return crew;
    }

    @Override
    public Plans plans() {
        return plans;
    }

    @Override
    public Runs runs() {
        return runs;
    }

    @Override
    public Comparing comparing() {
        return comparing;
    }

    @Override
    public Checkpointing checkpoints() {
        return checkpoints;
    }

    @Override
    public Measures measures() {
        return measures;
    }

    @Override
    public Cells cells() {
        if (workers == 0) {
            throw new IllegalStateException("no workers; `%shard up` starts some");
        }
        return new FakeCells(this);
    }

    @Override
    public Begun begin(String what) {
        return turns.take(what);
    }

    @Override
    public void cancel() {
        turns.stop();
        cancelled.countDown();
    }

    @Override
    public void kill() {
        killed.countDown();
    }

    @Override
    public void close() {
        cancelled.countDown();
        killed.countDown();
    }
}
