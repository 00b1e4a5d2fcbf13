package io.shardlab.magics.command;

import io.shardlab.plan.LossFunction;
import io.shardlab.tensor.TensorShape;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code %%shard model NAME} with a Java body, and {@code %shard model NAME} to look at it again. */
public record ModelCommand(ModelOptions options) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.model(options);
    }

    @CommandLine.Command(
            name = "model",
            description = "Keeps the DJL block that a cell's Java code returns; without a cell, shows it again.",
            footer = {
                "",
                "Examples:",
                "  %%%%shard model mlp",
                "  return new SequentialBlock()",
                "          .add(Blocks.batchFlattenBlock())",
                "          .add(Linear.builder().setUnits(128).build())",
                "          .add(Activation.reluBlock())",
                "          .add(Linear.builder().setUnits(10).build());",
                "",
                "  %%shard model mlp",
                "  %%shard train mlp --dp 2 --data FOLDER_OF_IDX_FILES",
                "",
                "The packages ai.djl.nn (with convolutional, core, norm, pooling), ai.djl.ndarray and java.util are",
                "imported; more imports may stand in the cell. Each worker builds its own block; initial weights come",
                "from --seed and the parameters' names. Pipelines divide the children of a SequentialBlock, tensor",
                "parallelism pairs of Linear with element-wise blocks between, data parallelism any block.",
                "BatchNorm and Dropout are refused: they compute something else under each layout."
            })
    static final class Flags extends Syntax {
        @CommandLine.Parameters(paramLabel = "NAME", description = "under which plan, place, train and check find it")
        String name = "";

        @Option(
                names = "--input",
                paramLabel = "SHAPE",
                description = "of one sample, for instance 784 (default 1,28,28: an image of Fashion-MNIST)")
        @Nullable
        String input;

        @Option(names = "--loss", paramLabel = "LOSS", description = "cross-entropy (default) | l2")
        @Nullable
        String loss;

        @Override
        Command read() {
            Optional<LossFunction> function = Optional.ofNullable(loss)
                    .map(text -> LossFunction.parse(Values.choice("--loss", text, LossFunction.names())));
            return new ModelCommand(
                    new ModelOptions(name, Optional.ofNullable(input).map(Flags::shape), function, Optional.empty()));
        }

        private static TensorShape shape(String text) {
            if (!text.matches("[1-9][0-9]{0,5}(,[1-9][0-9]{0,5}){0,4}")) {
                throw new IllegalArgumentException(
                        "--input " + text + " must be one to five lengths such as 784 or 1,28,28");
            }
            return TensorShape.of(Arrays.stream(text.split(",", -1))
                    .mapToLong(Long::parseLong)
                    .toArray());
        }
    }
}
