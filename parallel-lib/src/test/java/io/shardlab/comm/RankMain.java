package io.shardlab.comm;

import io.shardlab.mesh.Group;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.SharedMemoryTransport;
import io.shardlab.transport.Transport;
import io.shardlab.transport.WaitPolicy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;

/** A rank that is a JVM: arguments folder, rank, size. Prints {@code sums right} or ends with a failure. */
final class RankMain {

    private RankMain() {}

    public static void main(String[] args) throws Exception {
        int rank = Integer.parseInt(args[1]);
        int size = Integer.parseInt(args[2]);
        WaitPolicy wait = WaitPolicy.forRanks(size, Duration.ofSeconds(60), () -> {});
        try (Transport transport = SharedMemoryTransport.open(Path.of(args[0]), rank, size, wait);
                Communicator world = Communicator.open(transport, Group.world(size))) {
            for (int turn = 0; turn < 100; turn++) {
                int elements = turn % 30 == 20 ? 500_000 + turn : turn;
                requireSum(world, elements, turn);
                ByteBuffer message = Tensors.random(elements, TensorType.FLOAT32, turn);
                world.send((rank + 1) % size, turn, message);
                ByteBuffer received = Tensors.empty(elements, TensorType.FLOAT32);
                world.receive((rank + size - 1) % size, turn, received);
                if (!Tensors.same(message, received)) {
                    throw new AssertionError("message of turn " + turn + " differs");
                }
            }
            world.barrier();
            System.out.println("sums right");
        }
    }

    private static void requireSum(Communicator world, int elements, int turn) {
        ByteBuffer[] inputs = new ByteBuffer[world.size()];
        for (int rank = 0; rank < inputs.length; rank++) {
            inputs[rank] = Tensors.random(elements, TensorType.FLOAT32, turn * 100L + rank);
        }
        ByteBuffer expected = Tensors.sumOf(inputs, TensorType.FLOAT32);
        world.allReduce(inputs[world.rank()], TensorType.FLOAT32);
        if (!Tensors.same(expected, inputs[world.rank()])) {
            throw new AssertionError("sum of turn " + turn + " differs");
        }
    }
}
