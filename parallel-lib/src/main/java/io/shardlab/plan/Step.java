package io.shardlab.plan;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.shardlab.mesh.Axis;
import java.util.List;

/** One line of a stage program: it reads named values and defines one more. Each name is defined once. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "step")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Step.Local.class, name = "local"),
    @JsonSubTypes.Type(value = Step.Communicate.class, name = "communicate"),
    @JsonSubTypes.Type(value = Step.Rename.class, name = "rename")
})
public sealed interface Step {

    /** The value this step defines. */
    String output();

    /** The values this step reads. */
    List<String> inputs();

    /** Computes a segment. */
    record Local(Segment segment, List<String> inputs, String output) implements Step {
        public Local {
            inputs = List.copyOf(inputs);
        }
    }

    /** Runs a collective over the rank's group on {@code axis}. */
    record Communicate(Collective collective, Axis axis, String input, String output) implements Step {
        @Override
        public List<String> inputs() {
            return List.of(input);
        }
    }

    /** Gives a value a second name; gradients pass through. A collective that was left out becomes this. */
    record Rename(String input, String output) implements Step {
        @Override
        public List<String> inputs() {
            return List.of(input);
        }
    }
}
