package io.shardlab.run;

import io.shardlab.plan.Plan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file of little-endian 32-bit token ids, read at the places that the order of the sequences asks for. */
final class TokenFile implements AutoCloseable {

    /** Inputs and the tokens that follow them, each [b,T], row-major. */
    record Batch(int[] inputs, int[] targets) {}

    private final Path file;
    private final FileChannel channel;
    private final long numTokens;

    TokenFile(Path file) {
        this.file = file;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
            numTokens = channel.size() / Integer.BYTES;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read tokens: " + e.getMessage(), e);
        }
    }

    /** Micro-batch {@code microbatch} of a data rank's part of step {@code step}: consecutive sequences of the step's batch. */
    Batch read(Plan plan, int dataRank, TrainSettings settings, long step, int microbatch) {
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
            long sequence =
                    step * workload.batch() + ((long) dataRank * workload.microbatches() + microbatch) * b + row;
            long start = settings.shuffled()
                    ? Math.floorMod(mix(settings.seed() * 0x9E3779B97F4A7C15L + sequence), starts)
                    : Math.multiplyExact(sequence, t) % starts;
            readAt(bytes, start);
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
        return new Batch(inputs, targets);
    }

    private void readAt(ByteBuffer bytes, long token) {
        bytes.clear();
        try {
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, token * Integer.BYTES + bytes.position()) < 0) {
                    throw new IOException(file + " ended early");
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The finaliser of SplitMix64. */
    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
