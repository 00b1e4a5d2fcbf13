package io.shardlab.run;

import io.shardlab.engine.Scope;
import io.shardlab.engine.Tensor;
import io.shardlab.mesh.Coordinates;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.Phase;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Greedy generation without a cache: the whole sequence runs through all stages for each new token. */
final class Generation {

    private final PlacedPlan placed;
    private final Plan plan;
    private final Recorder recorder;
    private final CommitGuard guard;

    Generation(PlacedPlan placed, Recorder recorder, CommitGuard guard) {
        this.placed = placed;
        this.plan = placed.plan();
        this.recorder = recorder;
        this.guard = guard;
    }

    /** The prompt's continuation; shorter than asked for when the user stops it. */
    List<Integer> run(Request.Infer request, Consumer<Event> events) {
        List<Integer> sequence = new ArrayList<>(request.prompt());
        List<Integer> generated = new ArrayList<>();
        if (sequence.isEmpty()) {
            throw new IllegalArgumentException("the prompt is empty");
        }
        for (int i = 0; i < sequence.size(); i++) {
            if (sequence.get(i) < 0 || sequence.get(i) >= plan.vocabularySize()) {
                throw new IllegalArgumentException("token " + sequence.get(i) + " at position " + i
                        + " of the prompt is outside the vocabulary of " + plan.vocabularySize());
            }
        }
        while (generated.size() < request.maxNew()) {
            long start = System.nanoTime();
            int token = nextToken(sequence);
            if (token < 0) {
                throw new StopSignal.CancelledRun();
            }
            sequence.add(token);
            generated.add(token);
            if (placed.rank() == 0) {
                events.accept(new Event.Token(token, (System.nanoTime() - start) / 1e6));
            }
        }
        return generated;
    }

    private int nextToken(List<Integer> sequence) {
        int token = -1;
        boolean cancelled = false;
        try {
            // The other data ranks hold the same weights; they only hear the token.
            for (StageProgram program : placed.at().data() == 0 ? placed.programs() : List.<StageProgram>of()) {
                token = Math.max(token, runStage(program, sequence));
            }
        } catch (StopSignal.CancelledRun e) {
            cancelled = true;
        } catch (RuntimeException | Error e) {
            if (!CommitGuard.endsGroup(e)) {
                guard.failing(e);
                share(-1, true);
            }
            throw e;
        }
        return share(token, cancelled);
    }

    /** Everyone learns the token of the last stage's first tensor rank, or that someone was told to stop. */
    private int share(int token, boolean cancelled) {
        ByteBuffer figures = ByteBuffer.allocateDirect(2 * Double.BYTES).order(ByteOrder.nativeOrder());
        Coordinates at = placed.at();
        boolean speaks = at.pipeline() == plan.mesh().pipeline() - 1 && at.tensor() == 0 && at.data() == 0;
        figures.putDouble(0, speaks && !cancelled ? token : 0);
        figures.putDouble(Double.BYTES, cancelled ? 1 : 0);
        recorder.traffic().enter(Phase.COMMIT);
        guard.uninterrupted(() -> placed.mesh().allReduce(figures, TensorType.FLOAT64));
        if (figures.getDouble(Double.BYTES) > 0) {
            guard.uninterrupted(placed::resetGroups);
            return -1;
        }
        return (int) figures.getDouble(0);
    }

    private int runStage(StageProgram program, List<Integer> sequence) {
        Stage stage = program.stage();
        int length = sequence.size();
        boolean last = stage.output().equals(Stage.LOSS);
        recorder.enter("forward", stage.label());
        recorder.traffic().enter(Phase.FORWARD);
        try (Scope scope = placed.shard().scope(false)) {
            Map<String, Tensor> given = new HashMap<>();
            if (stage.input().equals(Stage.TOKENS)) {
                int[] ids = sequence.stream().mapToInt(Integer::intValue).toArray();
                given.put(Stage.TOKENS, scope.tokens(ids, TensorShape.of(1, length)));
            } else {
                Tensor received = scope.allocate(TensorShape.of(1, length, plan.hiddenSize()));
                placed.pipeline().receive(neighbour(stage, -1), length, received.bytes());
                received.written();
                given.put(stage.input(), received);
            }
            if (!last) {
                Tensor output = program.forward(scope, given, (name, value) -> {});
                placed.pipeline().send(neighbour(stage, 1), length, output.bytes());
                return -1;
            }
            Step.Local head = (Step.Local) stage.steps().get(stage.steps().size() - 1);
            Tensor hidden = program.until(scope, given, head.inputs().get(0));
            return argmax(scope.nextTokenLogits(head.segment(), hidden));
        }
    }

    private int neighbour(Stage stage, int offset) {
        return plan.schedule().rankOf(stage.index() + offset);
    }

    /** The index of the largest element; the first of equals. */
    private static int argmax(Tensor logits) {
        ByteBuffer bytes = logits.bytes();
        int count = (int) logits.shape().numElements();
        int best = 0;
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            double value = logits.type() == TensorType.FLOAT32
                    ? bytes.getFloat(i * Float.BYTES)
                    : bytes.getDouble(i * Double.BYTES);
            if (value > most) {
                most = value;
                best = i;
            }
        }
        return best;
    }
}
