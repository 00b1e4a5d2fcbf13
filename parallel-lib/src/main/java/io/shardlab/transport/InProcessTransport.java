package io.shardlab.transport;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Ranks that are threads of one JVM; they share plain direct memory. */
public final class InProcessTransport {

    private InProcessTransport() {}

    /** The ends of a job of {@code size} ranks, in rank order, each with the wait policy given for its rank. */
    public static List<Transport> create(int size, IntFunction<WaitPolicy> waitOfRank) {
        SegmentStore store = new HeapStore(new ConcurrentHashMap<>());
        return IntStream.range(0, size)
                .<Transport>mapToObj(rank -> new SegmentTransport(store, rank, size, waitOfRank.apply(rank)))
                .toList();
    }

    private record HeapStore(Map<String, ByteBuffer> shown) implements SegmentStore {

        @Override
        public Segment create(String name, int bytes) {
            ByteBuffer memory = ByteBuffer.allocateDirect(bytes + Layout.LINE).alignedSlice(Layout.LINE);
            shown.put(name, memory);
            return segment(memory);
        }

        @Override
        public Optional<Segment> find(String name, int bytes) {
            return Optional.ofNullable(shown.get(name)).map(HeapStore::segment);
        }

        private static Segment segment(ByteBuffer memory) {
            return new Segment(memory.duplicate(), new Identity(memory));
        }

        @Override
        public boolean isReplaced(String name, Segment segment) {
            ByteBuffer memory = shown.get(name);
            return memory != null && !new Identity(memory).equals(segment.identity());
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

    /** Buffers are equal by content; memory is not. */
    private static final class Identity {

        private final ByteBuffer memory;

        Identity(ByteBuffer memory) {
            this.memory = memory;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Identity that && that.memory == memory;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(memory);
        }
    }
}
