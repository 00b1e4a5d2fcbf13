package io.shardlab.plan;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One cell of a schedule, in the notation of PyTorch's pipelining schedules: {@code 0F3} (stage 0, forward, micro-batch
 * 3), {@code 1SEND_F3}, {@code 2RECV_F3}, {@code 0REDUCE_GRAD}.
 */
public sealed interface Action {

    int stage();

    /**
     * What must have happened before this action, on whichever rank: the edges of a schedule's dependency graph.
     * Gradients are needed as {@code I}, which a full {@code B} includes.
     *
     * @param numStages stages of the model; the last one takes its gradient from the loss
     */
    List<Action> needs(int numStages);

    /** Runs a pass of a stage on a micro-batch. */
    record Compute(int stage, Pass pass, int microbatch) implements Action {
        @Override
        public List<Action> needs(int numStages) {
            Action forward = new Compute(stage, Pass.FORWARD, microbatch);
            return switch (pass) {
                case FORWARD -> stage == 0 ? List.of() : List.of(new Compute(stage - 1, Pass.FORWARD, microbatch));
                case BACKWARD, BACKWARD_INPUT -> stage == numStages - 1
                        ? List.of(forward)
                        : List.of(forward, new Compute(stage + 1, Pass.BACKWARD_INPUT, microbatch));
                case BACKWARD_WEIGHT -> List.of(new Compute(stage, Pass.BACKWARD_INPUT, microbatch));
            };
        }

        @JsonValue
        @Override
        public String toString() {
            return stage + pass.letter() + microbatch;
        }
    }

    /** Sends a stage's output to the next stage (F), or its input gradient to the one before (B). */
    record Send(int stage, Pass pass, int microbatch) implements Action {
        @Override
        public List<Action> needs(int numStages) {
            return List.of(new Compute(stage, pass == Pass.FORWARD ? pass : Pass.BACKWARD_INPUT, microbatch));
        }

        /** The stage that receives it: the next (F) or the one before (B). */
        public int toStage() {
            return pass == Pass.FORWARD ? stage + 1 : stage - 1;
        }

        /** The action that takes it in. */
        public Receive receive() {
            return new Receive(toStage(), pass, microbatch);
        }

        @JsonValue
        @Override
        public String toString() {
            return stage + "SEND_" + pass.letter() + microbatch;
        }
    }

    /** Receives a stage's input from the stage before (F), or its output gradient from the next (B). */
    record Receive(int stage, Pass pass, int microbatch) implements Action {
        @Override
        public List<Action> needs(int numStages) {
            return List.of(send());
        }

        /** The stage that sends it: the one before (F) or the next (B). */
        public int fromStage() {
            return pass == Pass.FORWARD ? stage - 1 : stage + 1;
        }

        /** The action that sends it. */
        public Send send() {
            return new Send(fromStage(), pass, microbatch);
        }

        @JsonValue
        @Override
        public String toString() {
            return stage + "RECV_" + pass.letter() + microbatch;
        }
    }

    /** Sums a stage's gradients over the data axis. */
    record ReduceGradients(int stage) implements Action {
        @Override
        public List<Action> needs(int numStages) {
            return List.of();
        }

        @JsonValue
        @Override
        public String toString() {
            return stage + "REDUCE_GRAD";
        }
    }

    /** The notation, in full. */
    Pattern NOTATION = Pattern.compile("(\\d{1,6})(?:(REDUCE_GRAD)|(?:(SEND|RECV)_)?([FBIW])(\\d{1,6}))");

    /** Reads what {@code toString} writes. */
    @JsonCreator
    static Action parse(String text) {
        Matcher matcher = NOTATION.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "action '" + text + "' is not of the form 0F3, 0B3, 0I3, 0W3, 1SEND_F3, 1RECV_B3 or 0REDUCE_GRAD");
        }
        int stage = Integer.parseInt(matcher.group(1));
        if (matcher.group(2) != null) {
            return new ReduceGradients(stage);
        }
        Pass pass = Pass.ofLetter(matcher.group(4));
        int microbatch = Integer.parseInt(matcher.group(5));
        String transfer = matcher.group(3);
        if (transfer == null) {
            return new Compute(stage, pass, microbatch);
        }
        if (pass != Pass.FORWARD && pass != Pass.BACKWARD) {
            throw new IllegalArgumentException("action '" + text + "': only F and B are sent and received");
        }
        return transfer.equals("SEND") ? new Send(stage, pass, microbatch) : new Receive(stage, pass, microbatch);
    }
}
