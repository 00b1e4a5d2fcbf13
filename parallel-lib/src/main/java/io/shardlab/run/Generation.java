package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.engine.Scope;
import io.shardlab.engine.Tensor;
import io.shardlab.mesh.Coordinates;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.Phase;
import io.shardlab.trace.Span;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Greedy generation without a cache: the whole sequence runs through all stages for each new token. */
final class Generation {

    private final PlacedPlan placed;
    private final Plan plan;
    private final Recorder recorder;
    private final CommitGuard guard;
    private Reply.GenerationTime time = Reply.GenerationTime.NONE;

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
            recorder.startStep(generated.size());
            long start = System.nanoTime();
            int token = nextToken(sequence);
            if (token < 0) {
                throw new StopSignal.CancelledRun();
            }
            sequence.add(token);
            generated.add(token);
            long nanos = System.nanoTime() - start;
            time = time.plus(
                    nanos,
                    noted(span -> span == Span.Kind.COLLECTIVE || span == Span.Kind.SEND),
                    noted(span -> span == Span.Kind.RECEIVE));
            if (placed.rank() == 0) {
                events.accept(new Event.Token(token, nanos / 1e6));
            }
        }
        return generated;
    }

    /** Where the time of the tokens up to now went. */
    Reply.GenerationTime time() {
        return time;
    }

    /** The time of one token in spans of some kinds, which do not overlap. */
    private long noted(Predicate<Span.Kind> kinds) {
        return recorder.spans().stream()
                .filter(span -> kinds.test(span.kind()))
                .mapToLong(Span::nanos)
                .sum();
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
        boolean knows = at.pipeline() == plan.mesh().pipeline() - 1 && at.data() == 0;
        boolean speaks = knows && at.tensor() == 0;
        figures.putDouble(0, speaks && !cancelled ? token : 0);
        figures.putDouble(Double.BYTES, cancelled ? 1 : 0);
        recorder.traffic().enter(Phase.COMMIT);
        long start = System.nanoTime();
        guard.uninterrupted(() -> placed.mesh().allReduce(figures, TensorType.FLOAT64));
        // The others wait here for as long as the last stage computes.
        recorder.span(knows ? Span.Kind.COLLECTIVE : Span.Kind.RECEIVE, "all_reduce token", start, figures.capacity());
        if (figures.getDouble(Double.BYTES) > 0) {
            guard.uninterrupted(placed::resetGroups);
            return -1;
        }
        return (int) figures.getDouble(0);
    }

    private int runStage(StageProgram program, List<Integer> sequence) {
        Stage stage = program.stage();
        int length = sequence.size();
        TensorShape rows = TensorShape.of(1, length);
        boolean last = stage.output().equals(Stage.LOSS);
        recorder.enter("forward", stage.label());
        recorder.traffic().enter(Phase.FORWARD);
        try (Scope scope = placed.shard().scope(false)) {
            Map<String, Tensor> given = new HashMap<>();
            if (stage.input().equals(Stage.TOKENS)) {
                int[] ids = sequence.stream().mapToInt(Integer::intValue).toArray();
                given.put(Stage.TOKENS, scope.tokens(ids, rows));
            } else {
                Tensor received = scope.allocate(
                        plan.boundaryShape(stage.index() - 1, rows, placed.at().tensor()));
                long start = System.nanoTime();
                placed.pipeline().receive(neighbour(stage, -1), length, received.bytes());
                recorder.span(Span.Kind.RECEIVE, stage.label(), start, 0);
                received.written();
                given.put(stage.input(), received);
            }
            if (!last) {
                Tensor output = program.forward(scope, given, rows, (name, value) -> {});
                ByteBuffer sent = output.bytes();
                long start = System.nanoTime();
                placed.pipeline().send(neighbour(stage, 1), length, sent);
                recorder.span(Span.Kind.SEND, stage.label(), start, sent.remaining());
                return -1;
            }
            Step.Local head = head(stage);
            Tensor hidden = program.until(scope, given, rows, head.inputs().get(0));
            Tensor logits = scope.nextTokenLogits(head.segment(), hidden);
            return head.segment().kind() instanceof Segment.VocabularyScores
                    ? bestOfAllParts(head.segment().parameters().get(0), logits)
                    : argmax(logits);
        }
    }

    /** The step that scores the vocabulary. */
    private static Step.Local head(Stage stage) {
        for (Step step : stage.steps()) {
            if (step instanceof Step.Local local
                    && (local.segment().kind() instanceof Segment.Head
                            || local.segment().kind() instanceof Segment.VocabularyScores)) {
                return local;
            }
        }
        throw new IllegalStateException("stage '" + stage.label() + "' scores no vocabulary");
    }

    /** The best token of the whole vocabulary, of which each tensor rank has scored a part; the first of equals. */
    private int bestOfAllParts(ParameterSpec projection, Tensor logits) {
        Communicator group = placed.tensor();
        int best = argmax(logits);
        long first = projection.placement() instanceof Placement.Split split
                ? split.extents().get(group.rank()).start()
                : 0;
        ByteBuffer mine = ByteBuffer.allocateDirect(2 * Double.BYTES).order(ByteOrder.nativeOrder());
        mine.putDouble(0, element(logits.bytes(), logits.type(), best));
        mine.putDouble(Double.BYTES, first + best);
        ByteBuffer all =
                ByteBuffer.allocateDirect(group.size() * mine.capacity()).order(ByteOrder.nativeOrder());
        long start = System.nanoTime();
        group.allGather(mine, all, Collections.nCopies(group.size(), 2L), TensorType.FLOAT64);
        recorder.span(Span.Kind.COLLECTIVE, "all_gather scores", start, (group.size() - 1L) * mine.capacity());
        int winner = 0;
        for (int member = 1; member < group.size(); member++) {
            if (all.getDouble(member * mine.capacity()) > all.getDouble(winner * mine.capacity())) {
                winner = member;
            }
        }
        return (int) all.getDouble(winner * mine.capacity() + Double.BYTES);
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
            double value = element(bytes, logits.type(), i);
            if (value > most) {
                most = value;
                best = i;
            }
        }
        return best;
    }

    private static double element(ByteBuffer bytes, TensorType type, int index) {
        return type == TensorType.FLOAT32 ? bytes.getFloat(index * Float.BYTES) : bytes.getDouble(index * Double.BYTES);
    }
}
