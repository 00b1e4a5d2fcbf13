package io.shardlab.magics.command;

import io.shardlab.plan.LossFunction;
import io.shardlab.tensor.TensorShape;
import java.util.Optional;

/**
 * A model that a cell writes.
 *
 * @param name under which verbs find it
 * @param input shape of one sample; empty for {@link #IMAGE}
 * @param loss what training makes small; empty for cross-entropy
 * @param text Java statements that return a block; empty to look at one that was written before
 */
public record ModelOptions(
        String name, Optional<TensorShape> input, Optional<LossFunction> loss, Optional<String> text) {

    /** An image of Fashion-MNIST: one channel, 28 rows, 28 columns. */
    public static final TensorShape IMAGE = TensorShape.of(1, 28, 28);

    public ModelOptions {
        if (!name.matches("[A-Za-z][A-Za-z0-9._-]{0,39}")) {
            throw new IllegalArgumentException("model name '" + name
                    + "' must be 1 to 40 letters, digits, dots, dashes or underscores, starting with a letter");
        }
    }

    /** A block for samples of one shape, trained by cross-entropy. */
    public static ModelOptions of(String name, String text, long... input) {
        return new ModelOptions(name, Optional.of(TensorShape.of(input)), Optional.empty(), Optional.of(text));
    }

    public ModelOptions withText(String changed) {
        return new ModelOptions(name, input, loss, Optional.of(changed));
    }
}
