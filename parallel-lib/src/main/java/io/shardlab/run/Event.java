package io.shardlab.run;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.Span;
import io.shardlab.trace.StepMetrics;
import java.util.List;

/** What a rank says while it works. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Event.StepDone.class, name = "step"),
    @JsonSubTypes.Type(value = Event.Spans.class, name = "spans"),
    @JsonSubTypes.Type(value = Event.Token.class, name = "token"),
    @JsonSubTypes.Type(value = Event.Memory.class, name = "memory"),
    @JsonSubTypes.Type(value = Event.Progress.class, name = "progress"),
    @JsonSubTypes.Type(value = Event.Failing.class, name = "failing")
})
public sealed interface Event {

    /** A training step ended; said by rank 0 only. */
    record StepDone(StepMetrics metrics) implements Event {}

    /** What this rank did in one step. */
    record Spans(int step, List<Span> spans) implements Event {}

    /** A token was generated. */
    record Token(int id, double millis) implements Event {}

    /** Memory now, at most a few times a second. */
    record Memory(MemoryUse use) implements Event {}

    /** How far a long action has come. */
    record Progress(String what, long done, long total) implements Event {}

    /**
     * This rank cannot finish what all ranks are in the middle of. It answers as soon as the others have left it too, so
     * whoever hears this tells them to stop.
     */
    record Failing(String message) implements Event {}
}
