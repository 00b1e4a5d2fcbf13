import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.shardlab.comm.Communicator;
import io.shardlab.mesh.Group;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.SharedMemoryTransport;
import io.shardlab.transport.Transport;
import io.shardlab.transport.WaitPolicy;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One rank of the all-reduce measurement. Arguments: shared folder, rank, number of ranks, then {@code bytes:warm-up:iterations}
 * per size. Prints one line of JSON per size with the nanoseconds of every iteration, for {@code allreduce.py} to combine.
 *
 * <p>The tensor is an {@link NDArray} in memory of its own, as PyTorch's is. An iteration is what a stage does per collective:
 * view the array's storage as a buffer, all-reduce it in place. Before each, ranks wait for each other at a flag in shared memory
 * and yield meanwhile, as the peer's do: after a barrier that may sleep, some would start late and seem to make the others slow.
 */
public final class AllReduceRank {

    private static final int COPIES = 7;

    private final Communicator world;
    private final NDManager manager;
    private final StartLine start;

    private AllReduceRank(Communicator world, NDManager manager, StartLine start) {
        this.world = world;
        this.manager = manager;
        this.start = start;
    }

    /** Counts the iterations that each rank has come to, one cache line per rank. */
    private static final class StartLine {
        private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
        private static final int LINE_BYTES = 64;

        private final ByteBuffer arrived;
        private final int rank;
        private final int numRanks;
        private long iteration;

        StartLine(Path file, int rank, int numRanks) throws IOException {
            try (FileChannel channel =
                    FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                arrived = channel.map(FileChannel.MapMode.READ_WRITE, 0, (long) numRanks * LINE_BYTES);
            }
            this.rank = rank;
            this.numRanks = numRanks;
        }

        void await() {
            iteration++;
            LONGS.setRelease(arrived, rank * LINE_BYTES, iteration);
            for (int other = 0; other < numRanks; other++) {
                while ((long) LONGS.getAcquire(arrived, other * LINE_BYTES) < iteration) {
                    Thread.yield();
                }
            }
        }
    }

    public static void main(String[] args) throws Exception {
        int rank = Integer.parseInt(args[1]);
        int numRanks = Integer.parseInt(args[2]);
        WaitPolicy wait = WaitPolicy.forRanks(numRanks, Duration.ofSeconds(60), () -> {});
        try (Transport transport = SharedMemoryTransport.open(Path.of(args[0]), rank, numRanks, wait);
                Communicator world = Communicator.open(transport, Group.world(numRanks));
                NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            AllReduceRank bench = new AllReduceRank(world, manager, new StartLine(Path.of(args[0], "start"), rank, numRanks));
            for (String size : Arrays.asList(args).subList(3, args.length)) {
                String[] parts = size.split(":");
                System.out.println(bench.measure(
                        Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2])));
            }
            world.barrier();
        }
    }

    private String measure(int numBytes, int warmUp, int iterations) {
        NDArray tensor = manager.full(new Shape(numBytes / Float.BYTES), world.rank() + 1, DataType.FLOAT32);
        allReduce(tensor);
        float expected = world.size() * (world.size() + 1) / 2f;
        if (tensor.min().getFloat() != expected || tensor.max().getFloat() != expected) {
            throw new IllegalStateException("wrong sum at " + numBytes + " bytes: expected " + expected);
        }
        tensor.muli(0); // Sums of zeros stay zero however often they are reduced.
        List<Long> nanos = new ArrayList<>();
        for (int i = 0; i < warmUp + iterations; i++) {
            start.await();
            long begin = System.nanoTime();
            allReduce(tensor);
            long end = System.nanoTime();
            if (i >= warmUp) {
                nanos.add(end - begin);
            }
        }
        long copyNanos = copyNanos(numBytes);
        tensor.close();
        return "{\"bytes\":" + numBytes + ",\"copyNanos\":" + copyNanos + ",\"nanos\":" + nanos + "}";
    }

    private void allReduce(NDArray tensor) {
        world.allReduce(tensor.toByteBuffer(true), TensorType.FLOAT32);
    }

    /** The median time of copying so many bytes while all other ranks do the same: the bound that memory sets. */
    private long copyNanos(int numBytes) {
        ByteBuffer from = ByteBuffer.allocateDirect(numBytes).order(ByteOrder.nativeOrder());
        ByteBuffer to = ByteBuffer.allocateDirect(numBytes).order(ByteOrder.nativeOrder());
        long[] nanos = new long[COPIES];
        for (int i = 0; i < COPIES; i++) {
            start.await();
            long begin = System.nanoTime();
            to.put(0, from, 0, numBytes);
            nanos[i] = System.nanoTime() - begin;
        }
        Arrays.sort(nanos);
        return nanos[COPIES / 2];
    }
}
