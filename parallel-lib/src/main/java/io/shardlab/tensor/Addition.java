package io.shardlab.tensor;

import java.nio.ByteBuffer;

/** Adds numbers in main memory to others, quicker than loops in Java can; by the engine's own routines, for instance. */
@FunctionalInterface
public interface Addition {

    /**
     * Adds {@code bytes} bytes of {@code summands} from {@code from} on to those of {@code sums} from {@code at} on, number by
     * number, each rounded once. Both are direct buffers in native byte order; their positions and limits do not matter.
     */
    void add(TensorType type, ByteBuffer sums, int at, ByteBuffer summands, int from, int bytes);
}
