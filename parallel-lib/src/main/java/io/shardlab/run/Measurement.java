package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.engine.Engine;
import io.shardlab.mesh.Group;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.Purpose;
import io.shardlab.transport.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Measures a rank's rates while all others measure theirs: what each has when the cores are shared. */
final class Measurement {

    private static final int SMALL_BYTES = 4096;
    private static final int LARGE_BYTES = 1 << 20;
    private static final int SMALL_TIMES = 60;
    private static final int LARGE_TIMES = 12;

    private final Engine engine;
    private final Transport transport;
    private final int numRanks;

    Measurement(Engine engine, Transport transport, int numRanks) {
        this.engine = engine;
        this.transport = transport;
        this.numRanks = numRanks;
    }

    Reply run() throws IOException {
        try (Communicator world =
                Communicator.open(transport, Group.world(numRanks), Purpose.COLLECTIVES, engine.addition())) {
            world.barrier();
            double flops = engine.flopsPerSecond();
            if (numRanks == 1) {
                return new Reply.Measured(flops, 0, 0);
            }
            long latency = nanosPerAllReduce(world, SMALL_BYTES, SMALL_TIMES);
            long large = nanosPerAllReduce(world, LARGE_BYTES, LARGE_TIMES);
            double sent = 2.0 * (numRanks - 1) / numRanks * LARGE_BYTES;
            return new Reply.Measured(flops, sent / (Math.max(1, large - latency) / 1e9), latency);
        }
    }

    /** The median, so that one descheduled rank does not spoil the figure. */
    private static long nanosPerAllReduce(Communicator world, int bytes, int times) {
        ByteBuffer tensor = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        long[] nanos = new long[times];
        for (int i = 0; i < times; i++) {
            long start = System.nanoTime();
            world.allReduce(tensor.duplicate().order(ByteOrder.nativeOrder()), TensorType.FLOAT32);
            nanos[i] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        return nanos[times / 2];
    }
}
