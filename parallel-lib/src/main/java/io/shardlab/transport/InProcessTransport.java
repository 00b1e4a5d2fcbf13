package io.shardlab.transport;

import io.shardlab.mesh.Link;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** Ranks that are threads of one JVM; they share plain direct memory. */
public final class InProcessTransport {

    private InProcessTransport() {}

    /** The ends of a job of {@code size} ranks, in rank order, each with the wait policy given for its rank. */
    public static List<Transport> create(int size, IntFunction<WaitPolicy> waitOfRank) {
        return create(size, waitOfRank, Optional.empty());
    }

    /** The same, with messages that arrive as late as over a link. */
    public static List<Transport> create(int size, IntFunction<WaitPolicy> waitOfRank, Optional<Link> link) {
        SegmentStore store = new HeapStore(new ConcurrentHashMap<>());
        return IntStream.range(0, size)
                .<Transport>mapToObj(rank -> new SegmentTransport(store, rank, size, waitOfRank.apply(rank), link))
                .toList();
    }

    private record HeapStore(Map<String, Memory> shown) implements SegmentStore {

        @Override
        public Segment create(String name, int bytes) {
            Memory memory = new Memory(bytes);
            shown.put(name, memory);
            return memory.segment();
        }

        @Override
        public Optional<Segment> find(String name, int bytes) {
            return Optional.ofNullable(shown.get(name)).map(Memory::segment);
        }

        @Override
        public boolean isReplaced(String name, Segment segment) {
            Memory memory = shown.get(name);
            return memory != null && memory != segment.identity();
        }

        @Override
        public void hide(String name) {
            shown.remove(name);
        }

        @Override
        public void release(Segment segment) {
            // The garbage collector frees the memory with the last rank's hold on it.
        }
    }

    /** One allocation, told from others by its identity. */
    private static final class Memory {

        private final ByteBuffer bytes;

        Memory(int numBytes) {
            bytes = ByteBuffer.allocateDirect(numBytes + Layout.LINE).alignedSlice(Layout.LINE);
        }

        Segment segment() {
            return new Segment(bytes.duplicate(), this);
        }
    }
}
