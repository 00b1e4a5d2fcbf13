package io.shardlab.magics.command;

import java.util.Optional;

/**
 * What to continue.
 *
 * @param placement the model to place first, unless it is placed already
 * @param prompt text to continue
 * @param maxNew tokens to add
 */
public record InferOptions(Optional<PlanOptions> placement, String prompt, int maxNew) {

    public InferOptions {
        if (prompt.isEmpty()) {
            throw new IllegalArgumentException("the prompt is empty; give --prompt \"some text\"");
        }
        if (maxNew < 1) {
            throw new IllegalArgumentException("max-new " + maxNew + " must be at least 1");
        }
    }

    public static InferOptions of(String prompt, int maxNew) {
        return new InferOptions(Optional.empty(), prompt, maxNew);
    }
}
