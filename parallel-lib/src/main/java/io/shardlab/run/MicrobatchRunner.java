package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.engine.Dropout;
import io.shardlab.engine.Scope;
import io.shardlab.engine.Tensor;
import io.shardlab.engine.TrainingPass;
import io.shardlab.plan.Action;
import io.shardlab.plan.Pass;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Stage;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.TensorShape;
import io.shardlab.trace.Phase;
import io.shardlab.trace.Span;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;

/** Walks one rank's actions of one training step. Owned by the rank's thread. */
final class MicrobatchRunner implements AutoCloseable {

    private record Key(int stage, int microbatch) {}

    /** What is alive of one micro-batch on one stage. */
    private static final class Live {
        final Scope scope;
        Optional<Tensor> received = Optional.empty();
        Optional<Tensor> output = Optional.empty();
        Optional<Tensor> receivedGradient = Optional.empty();
        Optional<Tensor> inputGradient = Optional.empty();
        /** Whether weight gradients are done too; what is left to do is to send the input gradient. */
        boolean weightsDone;

        Live(Scope scope) {
            this.scope = scope;
        }
    }

    private final PlacedPlan placed;
    private final Plan plan;
    private final Recorder recorder;
    private final StopSignal stop;
    private final IntFunction<Samples.Batch> batches;
    private final BiConsumer<String, Tensor> observer;
    private final long dataStep;
    private final Map<Key, Live> alive = new HashMap<>();
    private double lossSum;

    /**
     * @param plan the placed plan, possibly with another workload and schedule
     * @param dataStep which step's part of the data, from 0
     * @param batches gives the samples of a micro-batch
     * @param observer sees every value of micro-batch 0
     */
    MicrobatchRunner(
            PlacedPlan placed,
            Plan plan,
            Recorder recorder,
            StopSignal stop,
            long dataStep,
            IntFunction<Samples.Batch> batches,
            BiConsumer<String, Tensor> observer) {
        this.placed = placed;
        this.plan = plan;
        this.recorder = recorder;
        this.stop = stop;
        this.dataStep = dataStep;
        this.batches = batches;
        this.observer = observer;
    }

    /** Runs all actions; gives Σ cross-entropy over the targets that this rank's last stage saw, 0 where it has none. */
    double run() {
        for (Action action : plan.schedule().actions().get(placed.at().pipeline())) {
            stop.check();
            long start = System.nanoTime();
            String label = action.toString();
            if (action instanceof Action.Compute compute) {
                recorder.enter(compute.pass() == Pass.FORWARD ? "forward" : "backward", label);
                recorder.traffic().enter(phaseOf(compute.pass()));
                compute(compute);
                recorder.span(Span.kindOf(compute.pass()), label, start, 0);
            } else if (action instanceof Action.Send send) {
                recorder.enter("send", label);
                recorder.traffic().enter(phaseOf(send.pass()));
                recorder.span(Span.Kind.SEND, label, start, send(send));
            } else if (action instanceof Action.Receive receive) {
                recorder.enter("receive", label);
                receive(receive);
                recorder.span(Span.Kind.RECEIVE, label, start, 0);
            } else {
                placed.gradientSum().ifPresent(sum -> sum.finish(action.stage()));
            }
        }
        placed.gradientSum().ifPresent(sum -> sum.await(recorder));
        recorder.traffic().enter(Phase.GRADIENT_SYNC);
        return lossSum;
    }

    private static Phase phaseOf(Pass pass) {
        return pass == Pass.FORWARD ? Phase.FORWARD : Phase.BACKWARD;
    }

    private Live live(Action action, int microbatch) {
        return alive.computeIfAbsent(
                new Key(action.stage(), microbatch),
                key -> new Live(placed.shard().scope(trainingPass(microbatch))));
    }

    private TrainingPass trainingPass(int microbatch) {
        int perRank = plan.workload().microbatches();
        long first = ((long) placed.at().data() * perRank + microbatch) * rows().numElements();
        if (plan.splitsRows()) {
            first += Extent.even(rows().numElements(), plan.scheme().tensor())
                    .get(placed.at().tensor())
                    .start();
        }
        Dropout dropout = new Dropout(plan.options().dropout(), plan.seed(), dataStep, first);
        return new TrainingPass(plan.options().recompute(), dropout);
    }

    private void compute(Action.Compute action) {
        Live live = live(action, action.microbatch());
        StageProgram program = placed.program(action.stage());
        placed.gradientSum()
                .filter(sum -> isLastPass(action))
                .ifPresent(sum -> live.scope.onWeightGradients(segment -> sum.complete(action.stage(), segment)));
        switch (action.pass()) {
            case FORWARD -> forward(live, program, action.microbatch());
            case BACKWARD -> {
                live.inputGradient = program.backward(live.scope, outputGradient(live, program.stage()), rows());
                live.weightsDone = true;
            }
            case BACKWARD_INPUT -> live.inputGradient =
                    program.backwardInputs(live.scope, outputGradient(live, program.stage()), rows());
            case BACKWARD_WEIGHT -> {
                program.backwardWeights(live.scope);
                live.weightsDone = true;
            }
        }
        finishIfDone(action, action.microbatch());
    }

    private void forward(Live live, StageProgram program, int microbatch) {
        Stage stage = program.stage();
        boolean first = stage.input().equals(Stage.TOKENS);
        boolean last = stage.output().equals(Stage.LOSS);
        Map<String, Tensor> given = new HashMap<>();
        TensorShape shape = rows();
        if (first || last) {
            Samples.Batch batch = batches.apply(microbatch);
            if (first) {
                given.put(Stage.TOKENS, batch.inputs(live.scope));
            }
            if (last) {
                given.put(Stage.TARGETS, batch.targets(live.scope));
            }
        }
        if (!first) {
            given.put(stage.input(), live.received.orElseThrow());
            live.received = Optional.empty();
        }
        Tensor output = program.forward(live.scope, given, shape, microbatch == 0 ? observer : (name, value) -> {});
        if (last) {
            lossSum += output.scalar();
        }
        live.output = Optional.of(output);
    }

    /** [b,T] of one micro-batch. */
    private TensorShape rows() {
        return TensorShape.of(plan.microbatchSize(), plan.workload().sequence());
    }

    private Tensor outputGradient(Live live, Stage stage) {
        Tensor gradient = stage.output().equals(Stage.LOSS)
                ? live.scope.scalar(1.0 / plan.workload().tokens())
                : live.receivedGradient.orElseThrow();
        live.receivedGradient = Optional.empty();
        return gradient;
    }

    /** Whether a stage's gradients are final after this pass and will be summed over the data axis then. */
    private boolean isLastPass(Action.Compute action) {
        List<Action> actions = plan.schedule().actions().get(placed.at().pipeline());
        int here = actions.indexOf(action);
        boolean more = actions.subList(here + 1, actions.size()).stream()
                .anyMatch(later -> later instanceof Action.Compute && later.stage() == action.stage());
        return !more && actions.contains(new Action.ReduceGradients(action.stage()));
    }

    private long send(Action.Send action) {
        Live live = live(action, action.microbatch());
        boolean forward = action.pass() == Pass.FORWARD;
        Tensor tensor = (forward ? live.output : live.inputGradient).orElseThrow();
        int neighbour = plan.schedule().rankOf(action.stage() + (forward ? 1 : -1));
        var bytes = tensor.bytes();
        long sent = bytes.remaining();
        placed.pipeline().send(neighbour, tag(action.pass(), action.toStage(), action.microbatch()), bytes);
        tensor.close();
        if (forward) {
            live.output = Optional.empty();
        } else {
            live.inputGradient = Optional.empty();
            finishIfDone(action, action.microbatch());
        }
        return sent;
    }

    private void receive(Action.Receive action) {
        Live live = live(action, action.microbatch());
        boolean forward = action.pass() == Pass.FORWARD;
        int boundary = forward ? action.stage() - 1 : action.stage();
        Tensor tensor = live.scope.allocate(
                plan.boundaryShape(boundary, rows(), placed.at().tensor()));
        int neighbour = plan.schedule().rankOf(action.stage() + (forward ? -1 : 1));
        Communicator pipeline = placed.pipeline();
        pipeline.receive(neighbour, tag(action.pass(), action.stage(), action.microbatch()), tensor.bytes());
        tensor.written();
        if (forward) {
            live.received = Optional.of(tensor);
        } else {
            live.receivedGradient = Optional.of(tensor);
        }
    }

    /** Names a message by what it is for, so that one taken for another is noticed; stages and micro-batches have six digits. */
    private static long tag(Pass pass, int stage, int microbatch) {
        return (long) pass.ordinal() << 60 | (long) stage << 32 | microbatch;
    }

    /** Ends the life of a micro-batch on a stage once its backward pass is whole and its input gradient is handed on. */
    private void finishIfDone(Action action, int microbatch) {
        Key key = new Key(action.stage(), microbatch);
        Live live = alive.get(key);
        if (live != null && live.weightsDone && live.inputGradient.isEmpty()) {
            alive.remove(key);
            live.scope.close();
        }
    }

    @Override
    public void close() {
        placed.abandonCalls();
        alive.values().forEach(live -> live.scope.close());
        alive.clear();
    }
}
