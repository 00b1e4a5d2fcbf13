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

    /** How ranks hold a value that is not whole on each. */
    enum Parts {
        /** Consecutive rows of [N,width], N being b·T tokens, as even as can be. */
        ROWS,
        /** Rank i has slab i of [n, …]. */
        SLABS
    }

    /**
     * Runs a collective over the rank's group on {@code axis}.
     *
     * @param width numbers per token of the whole value; of a user's block, numbers per sample
     * @param parts how ranks hold the value on the side of the collective where it is not whole
     */
    record Communicate(Collective collective, Axis axis, String input, String output, long width, Parts parts)
            implements Step {

        /** With parts that are rows, where there are any. */
        public Communicate(Collective collective, Axis axis, String input, String output, long width) {
            this(collective, axis, input, output, width, Parts.ROWS);
        }

        public Communicate {
            if (width < 1) {
                throw new IllegalArgumentException(
                        "value '" + output + "' has " + width + " numbers per token, needs at least 1");
            }
        }

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
