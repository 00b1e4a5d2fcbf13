package io.shardlab.run;

import io.shardlab.engine.AdamW;
import io.shardlab.engine.Tensor;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.Phase;
import io.shardlab.trace.Span;
import io.shardlab.trace.StepMetrics;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * Trains a placed plan.
 *
 * <p>A step is committed by all ranks or by none: before the optimizer runs, one all-reduce over the mesh carries every
 * parameter's squared gradient norm, the loss and whether anyone was told to stop. A rank that was told to stop earlier
 * leaves its work and goes straight to that all-reduce, so every rank learns the same and weights stay those of a whole
 * step.
 */
final class TrainRun {

    /** A step's figures, equal on all ranks. */
    record StepResult(boolean stopped, double loss, double gradNorm) {}

    private final PlacedPlan placed;
    private final Plan plan;
    private final TrainSettings settings;
    private final Samples samples;
    private final Recorder recorder;
    private final StopSignal stop;
    private final CommitGuard guard;
    private final List<ParameterSpec> parameters;
    private final ByteBuffer commit;

    TrainRun(
            PlacedPlan placed,
            Plan plan,
            TrainSettings settings,
            Samples samples,
            Recorder recorder,
            StopSignal stop,
            CommitGuard guard) {
        this.placed = placed;
        this.plan = plan;
        this.settings = settings;
        this.samples = samples;
        this.recorder = recorder;
        this.stop = stop;
        this.guard = guard;
        parameters = plan.parameters();
        commit = ByteBuffer.allocateDirect((parameters.size() + 2) * Double.BYTES)
                .order(ByteOrder.nativeOrder());
    }

    /**
     * Runs one step's forward and backward passes and agrees on its figures with all ranks; gradients are left in the shard.
     *
     * @param dataStep which step's part of the data, from 0
     */
    StepResult accumulate(int dataStep, BiConsumer<String, Tensor> observer) {
        double lossSum = 0;
        boolean stopped = false;
        try (MicrobatchRunner runner = new MicrobatchRunner(
                placed,
                plan,
                recorder,
                stop,
                dataStep,
                microbatch -> samples.read(plan, placed.at().data(), settings, dataStep, microbatch),
                observer)) {
            lossSum = runner.run();
            placed.partialGradients().sum(recorder);
            sumTiedGradients();
            placed.splitOptimizer().ifPresent(SplitOptimizer::shareNorms);
        } catch (StopSignal.CancelledRun e) {
            stopped = true;
        } catch (RuntimeException | Error e) {
            if (!CommitGuard.endsGroup(e)) {
                guard.failing(e);
                recorder.aside(() -> guard.uninterrupted(this::agree, 0, true));
            }
            throw e;
        }
        return guard.uninterrupted(this::agree, lossSum, stopped);
    }

    private void sumTiedGradients() {
        placed.tied().forEach((name, group) -> {
            recorder.enter("all_reduce", name);
            long start = System.nanoTime();
            ByteBuffer gradient = placed.splitOptimizer()
                    .map(split -> split.ownGradient(name))
                    .orElseGet(() -> placed.shard().gradient(name));
            long sent = 2L * (group.size() - 1) * gradient.remaining() / group.size();
            group.allReduce(gradient, plan.type());
            recorder.span(Span.Kind.COLLECTIVE, "all_reduce " + name, start, sent);
        });
    }

    private StepResult agree(double lossSum, boolean stopped) {
        recorder.enter("optimizer", "gradient norm");
        long norms = System.nanoTime();
        int count = parameters.size();
        for (int i = 0; i < count; i++) {
            ParameterSpec parameter = parameters.get(i);
            Extent counted = placed.countedInNorm(parameter);
            boolean mine = !stopped && counted.length() > 0;
            commit.putDouble(i * Double.BYTES, mine ? squaredGradientNorm(parameter.name(), counted) : 0);
        }
        commit.putDouble(count * Double.BYTES, placed.countsLoss() ? lossSum : 0);
        commit.putDouble((count + 1) * Double.BYTES, stopped ? 1 : 0);
        recorder.span(Span.Kind.OPTIMIZER, "gradient norm", norms, 0);
        recorder.enter("all_reduce", "gradient norm and loss");
        recorder.traffic().enter(Phase.COMMIT);
        long start = System.nanoTime();
        placed.mesh().allReduce(commit.clear(), TensorType.FLOAT64);
        if (commit.getDouble((count + 1) * Double.BYTES) > 0) {
            placed.shard().discardGradients();
            placed.resetGroups();
            return new StepResult(true, Double.NaN, Double.NaN);
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += commit.getDouble(i * Double.BYTES);
        }
        recorder.span(Span.Kind.COLLECTIVE, "all_reduce gradient norm", start, commit.capacity());
        double loss = commit.getDouble(count * Double.BYTES) / plan.workload().tokens();
        return new StepResult(false, loss, Math.sqrt(sum));
    }

    private double squaredGradientNorm(String parameter, Extent elements) {
        // What data ranks put together has no rows that tensor ranks share: all elements count here.
        return placed.splitOptimizer()
                .flatMap(split -> split.squaredGradientNorm(parameter))
                .orElseGet(() -> placed.shard().squaredGradientNorm(parameter, elements));
    }

    /** One whole step: passes, agreement, optimizer. */
    StepResult step(int dataStep, double rate, BiConsumer<String, Tensor> observer, Runnable beforeUpdate) {
        StepResult result = accumulate(dataStep, observer);
        if (result.stopped) {
            return result;
        }
        if (!Double.isFinite(result.loss) || !Double.isFinite(result.gradNorm)) {
            placed.shard().discardGradients();
            return explain(dataStep, result);
        }
        beforeUpdate.run();
        long start = System.nanoTime();
        recorder.enter("optimizer", "");
        double scale = settings.clip() > 0 ? Math.min(1, settings.clip() / (result.gradNorm + 1e-6)) : 1;
        AdamW rule = new AdamW(settings.beta1(), settings.beta2(), settings.epsilon(), settings.weightDecay());
        placed.shard().update(rule, rate, placed.nextOptimizerStep(), scale);
        recorder.span(Span.Kind.OPTIMIZER, "optimizer", start, 0);
        placed.splitOptimizer().ifPresent(split -> guard.uninterrupted(() -> split.gatherWeights(recorder)));
        return result;
    }

    /** Runs a step again to name the value that spoils it; ends with that name, or because the run was stopped. */
    private StepResult explain(int dataStep, StepResult spoilt) {
        String parameter = firstSpoiltGradient();
        NonFiniteSearch search = new NonFiniteSearch(plan);
        placed.programs().forEach(program -> program.look(Optional.of(search)));
        try {
            StepResult again = accumulate(dataStep, (name, value) -> {});
            if (again.stopped) {
                return again;
            }
        } finally {
            placed.programs().forEach(program -> program.look(Optional.empty()));
        }
        placed.shard().discardGradients();
        guard.uninterrupted(() -> search.agree(placed));
        recorder.enter("optimizer", "gradient norm");
        throw new ArithmeticException(
                "step " + dataStep + ": " + search.cause().orElse(parameter) + "; loss " + spoilt.loss
                        + ", gradient norm " + spoilt.gradNorm
                        + (dataStep == 0
                                ? ". The weights are those that the run began with: look there first"
                                : ". The weights are those of the step before, which may be far off already: place or load"
                                        + " the model anew and try a lower --lr or --clip"));
    }

    private String firstSpoiltGradient() {
        for (int i = 0; i < parameters.size(); i++) {
            if (!Double.isFinite(commit.getDouble(i * Double.BYTES))) {
                return "the gradient of " + parameters.get(i).name() + " is not finite";
            }
        }
        return "the loss is not finite";
    }

    /** Figures of a finished step for {@code metrics.jsonl}. */
    StepMetrics metrics(int step, StepResult result, double rate, long nanos) {
        double seconds = nanos / 1e9;
        return new StepMetrics(
                step,
                result.loss,
                result.gradNorm,
                rate,
                nanos / 1e6,
                plan.workload().tokens() / seconds);
    }
}
