package io.shardlab.run;

import io.shardlab.cluster.BlockCompiler;
import io.shardlab.model.BlockCode;
import io.shardlab.model.BlockSpec;
import io.shardlab.plan.LossFunction;
import io.shardlab.tensor.TensorShape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Small models as a user would write them in a cell, and samples for them. */
final class UserBlock {

    static final TensorShape IMAGE = TensorShape.of(1, 8, 8);
    static final int CLASSES = 5;

    static final String MLP =
            """
            return new SequentialBlock()
                    .add(Blocks.batchFlattenBlock())
                    .add(Linear.builder().setUnits(24).build())
                    .add(Activation.reluBlock())
                    .add(Linear.builder().setUnits(12).build())
                    .add(Activation.tanhBlock())
                    .add(LayerNorm.builder().build())
                    .add(Linear.builder().setUnits(5).optBias(false).build());
            """;

    static final String CNN =
            """
            import ai.djl.ndarray.types.Shape;
            Block features = new SequentialBlock()
                    .add(Conv2d.builder().setKernelShape(new Shape(3, 3)).setFilters(4).build())
                    .add(Activation.reluBlock())
                    .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                    .add(Blocks.batchFlattenBlock());
            return new SequentialBlock()
                    .add(features)
                    .add(Linear.builder().setUnits(16).build())
                    .add(Activation.reluBlock())
                    .add(Linear.builder().setUnits(5).build());
            """;

    private UserBlock() {}

    static Reply.Described describe(String body) {
        try (RankThreads rank = new RankThreads(1)) {
            Request request = new Request.Describe(BlockCompiler.compile(body), IMAGE);
            return (Reply.Described) rank.demand(request, (r, event) -> {}).get(0);
        }
    }

    static BlockSpec spec(String name, String body, LossFunction loss) {
        BlockCode code = BlockCompiler.compile(body);
        Reply.Described described = describe(body);
        described.refusal().ifPresent(reason -> {
            throw new AssertionError(reason);
        });
        return new BlockSpec(name, code, loss, described.units());
    }

    /** So many samples whose bytes follow a rule. */
    static Path samples(Path file, int count) throws IOException {
        int elements = Math.toIntExact(IMAGE.numElements());
        ByteBuffer bytes = ByteBuffer.allocate(SampleFile.HEADER_BYTES + count * (1 + elements));
        bytes.put(SampleFile.MAGIC).putInt(count).putInt(elements);
        for (int sample = 0; sample < count; sample++) {
            bytes.put((byte) (sample * sample % CLASSES));
            for (int i = 0; i < elements; i++) {
                bytes.put((byte) ((sample * 37 + i * i * 11 + i) % 251));
            }
        }
        return Files.write(file, bytes.array());
    }
}
