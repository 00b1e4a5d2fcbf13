package io.shardlab.run;

import io.shardlab.engine.Scope;
import io.shardlab.engine.Tensor;
import io.shardlab.plan.Plan;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A file of labelled samples of bytes: {@link #MAGIC}, the number of samples and the bytes of one as big-endian integers of
 * 32 bits, then for each sample its label (a byte) and its elements (a byte each, 0 … 255 for 0 … 1).
 */
public final class SampleFile implements Samples {

    /** The first eight bytes. */
    public static final byte[] MAGIC = "SHARDSMP".getBytes(StandardCharsets.US_ASCII);

    /** Bytes before the first sample. */
    public static final int HEADER_BYTES = MAGIC.length + 2 * Integer.BYTES;

    private static final float WHITE = 255;

    private final PositionedFile file;
    private final int numSamples;
    private final int numElements;

    SampleFile(Path path) {
        file = PositionedFile.open(path, "samples");
        try {
            ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
            file.read(header, 0);
            byte[] magic = new byte[MAGIC.length];
            header.flip().get(magic);
            numSamples = header.getInt();
            numElements = header.getInt();
            long expected = HEADER_BYTES + (long) numSamples * (1L + numElements);
            if (!Arrays.equals(magic, MAGIC) || numSamples < 1 || numElements < 1 || file.numBytes() != expected) {
                throw new IllegalArgumentException(file + " is no file of samples");
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Samples of one shape [b,…] and their labels [b]. */
    private record Labelled(byte[] elements, int[] labels, TensorShape shape) implements Batch {
        @Override
        public Tensor inputs(Scope scope) {
            Tensor tensor = scope.allocate(shape);
            ByteBuffer target = tensor.bytes();
            for (byte element : elements) {
                // Rounded to float in both types, so that a float64 run sees the same numbers as a float32 run.
                float value = (element & 0xFF) / WHITE;
                if (tensor.type() == TensorType.FLOAT32) {
                    target.putFloat(value);
                } else {
                    target.putDouble(value);
                }
            }
            tensor.written();
            return tensor;
        }

        @Override
        public Tensor targets(Scope scope) {
            return scope.tokens(labels, TensorShape.of(labels.length));
        }
    }

    @Override
    public Batch read(Plan plan, int dataRank, TrainSettings settings, long step, int microbatch) {
        TensorShape sample = plan.sampleShape().orElseThrow();
        if (sample.numElements() != numElements) {
            throw new IllegalArgumentException(file + " holds samples of " + numElements + " elements; " + plan.model()
                    + " takes " + sample + ", " + sample.numElements());
        }
        int b = plan.microbatchSize();
        byte[] elements = new byte[Math.multiplyExact(b, numElements)];
        int[] labels = new int[b];
        ByteBuffer bytes = ByteBuffer.allocate(1 + numElements);
        for (int row = 0; row < b; row++) {
            long position = Samples.position(plan, dataRank, step, microbatch, row);
            long index = settings.shuffled()
                    ? Samples.shuffled(settings.seed(), position, numSamples)
                    : position % numSamples;
            file.read(bytes, HEADER_BYTES + index * (1L + numElements));
            labels[row] = bytes.get(0) & 0xFF;
            if (labels[row] >= plan.vocabularySize()) {
                throw new IllegalArgumentException("label " + labels[row] + " of sample " + index + " of " + file
                        + " is outside the " + plan.vocabularySize() + " classes of " + plan.model());
            }
            bytes.get(1, elements, row * numElements, numElements);
        }
        return new Labelled(elements, labels, sample.prepend(b));
    }

    @Override
    public void close() {
        file.close();
    }
}
