package io.shardlab.run;

import io.shardlab.engine.Scope;
import io.shardlab.engine.Tensor;
import io.shardlab.plan.Plan;
import io.shardlab.tensor.TensorShape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/** A file of little-endian 32-bit token ids, read at the places that the order of the sequences asks for. */
final class TokenFile implements Samples {

    /** Inputs and the tokens that follow them, each [b,T], row-major. */
    private record Sequences(int[] ids, int[] next, TensorShape shape) implements Batch {
        @Override
        public Tensor inputs(Scope scope) {
            return scope.tokens(ids, shape);
        }

        @Override
        public Tensor targets(Scope scope) {
            return scope.tokens(next, shape);
        }
    }

    private final PositionedFile file;
    private final long numTokens;

    TokenFile(Path path) {
        file = PositionedFile.open(path, "tokens");
        numTokens = file.numBytes() / Integer.BYTES;
    }

    @Override
    public Batch read(Plan plan, int dataRank, TrainSettings settings, long step, int microbatch) {
        Plan.Workload workload = plan.workload();
        int t = workload.sequence();
        long starts = numTokens - t - 1;
        if (starts < 1) {
            throw new IllegalArgumentException(
                    "seq " + t + " is too long for " + numTokens + " tokens of text; at most " + (numTokens - 2));
        }
        int b = plan.microbatchSize();
        int[] inputs = new int[b * t];
        int[] targets = new int[b * t];
        ByteBuffer bytes = ByteBuffer.allocate((t + 1) * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int row = 0; row < b; row++) {
            long sequence = Samples.position(plan, dataRank, step, microbatch, row);
            long start = settings.shuffled()
                    ? Samples.shuffled(settings.seed(), sequence, starts)
                    : Math.multiplyExact(sequence, t) % starts;
            file.read(bytes, start * Integer.BYTES);
            for (int i = 0; i <= t; i++) {
                int token = bytes.getInt(i * Integer.BYTES);
                if (token < 0 || token >= plan.vocabularySize()) {
                    throw new IllegalArgumentException("token " + token + " at position " + (start + i) + " of " + file
                            + " is outside the vocabulary of " + plan.vocabularySize());
                }
                if (i < t) {
                    inputs[row * t + i] = token;
                }
                if (i > 0) {
                    targets[row * t + i - 1] = token;
                }
            }
        }
        return new Sequences(inputs, targets, TensorShape.of(b, t));
    }

    @Override
    public void close() {
        file.close();
    }
}
