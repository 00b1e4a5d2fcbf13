package io.shardlab.plan;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.List;

/** How far a sample's scores are from its class. */
public enum LossFunction {
    /** −log softmax(scores)[label]. */
    CROSS_ENTROPY("cross-entropy"),
    /** The mean over the outputs of ½(score − target)², the target being 1 at the label and 0 elsewhere. */
    L2("l2");

    private final String words;

    LossFunction(String words) {
        this.words = words;
    }

    /** The names that {@link #parse} reads. */
    public static List<String> names() {
        return Arrays.stream(values()).map(LossFunction::toString).toList();
    }

    @JsonCreator
    public static LossFunction parse(String text) {
        return Arrays.stream(values())
                .filter(loss -> loss.words.equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "loss '" + text + "' is not one of " + String.join(", ", names())));
    }

    @JsonValue
    @Override
    public String toString() {
        return words;
    }
}
