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
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One rank of the all-reduce measurement. Arguments: shared folder, rank, number of ranks, then {@code bytes:warm-up:iterations}
 * per size. Prints one line of JSON per size with the nanoseconds of every iteration, for {@code allreduce.py} to combine.
 *
 * <p>The tensor is an {@link NDArray} in memory of its own, as PyTorch's is. An iteration is what a stage does per collective:
 * view the array's storage as a buffer, all-reduce it in place. Ranks leave a barrier together before each.
 */
public final class AllReduceRank {

    private static final int COPIES = 7;

    private final Communicator world;
    private final NDManager manager;

    private AllReduceRank(Communicator world, NDManager manager) {
        this.world = world;
        this.manager = manager;
    }

    public static void main(String[] args) throws Exception {
        int rank = Integer.parseInt(args[1]);
        int numRanks = Integer.parseInt(args[2]);
        WaitPolicy wait = WaitPolicy.forRanks(numRanks, Duration.ofSeconds(60), () -> {});
        try (Transport transport = SharedMemoryTransport.open(Path.of(args[0]), rank, numRanks, wait);
                Communicator world = Communicator.open(transport, Group.world(numRanks));
                NDManager manager = NDManager.newBaseManager(ai.djl.Device.cpu(), "PyTorch")) {
            AllReduceRank bench = new AllReduceRank(world, manager);
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
            world.barrier();
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
            world.barrier();
            long begin = System.nanoTime();
            to.put(0, from, 0, numBytes);
            nanos[i] = System.nanoTime() - begin;
        }
        Arrays.sort(nanos);
        return nanos[COPIES / 2];
    }
}
