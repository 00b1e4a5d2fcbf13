package io.shardlab.magics.command;

import io.shardlab.tensor.TensorType;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --dtype --seed}. */
final class TypeAndSeedFlags {

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            converter = Values.Type.class,
            description = "float32 (default) | float64")
    @Nullable
    TensorType dtype;

    @Option(
            names = "--seed",
            paramLabel = "K",
            converter = Values.Seed.class,
            description = "of all that is random: weights, shuffling, dropout (default 0)")
    @Nullable
    Long seed;
}
