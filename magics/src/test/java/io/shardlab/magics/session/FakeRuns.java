package io.shardlab.magics.session;

import io.shardlab.magics.backend.FailedWorkers;
import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.backend.Runs;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.trace.StepMetrics;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;

/** Runs whose figures are the same every time. */
public final class FakeRuns implements Runs {

    private final FakeBackend backend;

    FakeRuns(FakeBackend backend) {
        this.backend = backend;
    }

    @Override
    public Plan replanned(TrainRequest request) {
        Plan plan = backend.current();
        String schedule = request.schedule().orElse(plan.schedule().name());
        if (schedule.equals("interleaved") && plan.options().chunks() < 2) {
            throw new IllegalArgumentException("interleaved needs chunks of at least 2, not 1");
        }
        return FakePlans.tiny(plan.scheme(), request.workload(), schedule);
    }

    @Override
    public TrainOutcome train(TrainRequest request, Progress progress) {
        backend.started.add("train " + request.settings().steps());
        if (!backend.failures.isEmpty()) {
            throw new FailedWorkers(backend.failures);
        }
        Plan ran = replanned(request);
        List<StepMetrics> metrics = new ArrayList<>();
        for (int step = 0; step < request.settings().steps(); step++) {
            if (backend.turns.stopping()) {
                break;
            }
            StepMetrics done = metrics(step, request.workload());
            metrics.add(done);
            progress.step(done);
            progress.memory(FakeMeasures.use(0));
            if (backend.trainUntilCancelled && step == 2) {
                backend.training.countDown();
                awaitStop();
                break;
            }
        }
        TrainOutcome outcome = new TrainOutcome(
                ran,
                metrics.size(),
                metrics.size() < request.settings().steps(),
                metrics,
                FakePlans.timeline(ran, Math.max(0, metrics.size() - 1), false),
                FakePlans.timeline(ran, Math.max(0, metrics.size() - 1), false),
                FakeMeasures.memoryRows(ran),
                OptionalDouble.of(20.5),
                OptionalDouble.of(8.25),
                OptionalDouble.of(40),
                OptionalDouble.of(25_000),
                List.of(new TimeTerm("compute", OptionalDouble.of(30), OptionalDouble.of(31))),
                List.of(new Traffic(
                        "tp",
                        "all_reduce",
                        OptionalLong.of(64),
                        OptionalLong.of(1 << 20),
                        OptionalLong.of(64),
                        OptionalLong.of(1 << 20))),
                Map.of("cores", 2, "simulated", false));
        if (backend.saveFails) {
            throw new UnsavedRun(outcome, new IllegalStateException("checkpoint 'ck' cannot be written: disk full"));
        }
        return outcome;
    }

    /** An outcome without steps. */
    TrainOutcome outcome(Map<String, Object> environment) {
        Plan plan = FakePlans.tiny(Scheme.SINGLE, new Plan.Workload(8, 128, 1), "1f1b");
        return new TrainOutcome(
                plan,
                0,
                false,
                List.of(),
                FakePlans.timeline(plan, 0, false),
                FakePlans.timeline(plan, 0, false),
                FakeMeasures.memoryRows(plan),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                List.of(),
                List.of(),
                environment);
    }

    static StepMetrics metrics(int step, Plan.Workload workload) {
        double millis = 40 + (step * 7) % 5;
        double loss = 2 + 3.5 * Math.exp(-step / 6.0) + 0.05 * Math.sin(step * 1.7);
        return new StepMetrics(step, loss, 1, 1e-3, millis, workload.tokens() * 1000 / millis);
    }

    private void awaitStop() {
        await(backend.ignoreCancel ? backend.killed : backend.cancelled);
    }

    static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException impossible) {
            throw new AssertionError("nobody interrupts the worker", impossible);
        }
    }

    @Override
    public InferOutcome infer(List<Integer> prompt, int maxNew, TokenListener listener) {
        List<Integer> tokens = new ArrayList<>();
        List<Double> millis = new ArrayList<>();
        byte[] answer = "grün <b>".getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < maxNew; i++) {
            int id = answer[i % answer.length] & 0xFF;
            tokens.add(id);
            millis.add(5.0);
            listener.token(id, 5);
        }
        return new InferOutcome(
                tokens, 20, millis, FakeMeasures.memoryRows(backend.current()), new TokenTime(4, 0.75, 0.25));
    }

    @Override
    public CheckOutcome check(CheckRequest request) {
        backend.started.add("check " + request.steps());
        List<CheckRow> rows = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            rows.add(new CheckRow(
                    "layers." + i + ".weight",
                    OptionalInt.empty(),
                    i == 0 ? "output" : "gradient",
                    i * 1e-9,
                    i * 1e-8,
                    OptionalDouble.of(i * 1e-16),
                    "rounding"));
        }
        return new CheckOutcome(backend.current(), rows, "rounding", Optional.empty());
    }
}
