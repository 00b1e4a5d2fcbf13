package io.shardlab.comm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.mesh.Axis;
import io.shardlab.mesh.Group;
import io.shardlab.mesh.Mesh;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.Crew;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds when calls, groups and messages follow each other, on every transport. */
interface OrderContract extends RanksUnderTest {

    @Test
    default void groupsThatOverlapDoNotDisturbEachOther() throws Exception {
        Mesh mesh = new Mesh(1, 2, 2);
        Crew.run(transports(4), transport -> {
            int rank = transport.rank();
            Communicator tensor = Communicator.open(transport, mesh.group(Axis.TENSOR, rank));
            Communicator pipeline = Communicator.open(transport, mesh.group(Axis.PIPELINE, rank));
            Communicator world = Communicator.open(transport, Group.world(4));
            ByteBuffer one = Tensors.empty(1, TensorType.FLOAT64);
            for (int turn = 0; turn < 2000; turn++) {
                assertEquals(sum(tensor, turn), Tensors.allReduced(tensor, one, rank * 7919.0 + turn));
                assertEquals(sum(pipeline, turn), Tensors.allReduced(pipeline, one, rank * 7919.0 + turn));
                if (turn % 10 == 0) {
                    assertEquals(sum(world, turn), Tensors.allReduced(world, one, rank * 7919.0 + turn));
                }
            }
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    default void thousandsOfMixedCollectivesWithRandomThinkTimesKeepTheirOrder(int n) throws Exception {
        Crew.run(transports(n), transport -> {
            Communicator world = Communicator.open(transport, Group.world(n));
            Random script = new Random(42);
            Random think = new Random(transport.rank());
            for (int turn = 0; turn < 6000; turn++) {
                mixedTurn(world, script, turn);
                for (int pause = think.nextInt(8) == 0 ? think.nextInt(300) : 0; pause > 0; pause--) {
                    Thread.onSpinWait();
                }
            }
        });
    }

    private static void mixedTurn(Communicator world, Random script, int turn) {
        TensorType type = TensorType.FLOAT32;
        int n = world.size();
        int size = script.nextInt(20) == 0 ? script.nextInt(60_000) : script.nextInt(40);
        ByteBuffer tensor = Tensors.empty(size, type);
        switch (script.nextInt(4)) {
            case 0 -> {
                fill(tensor, world.rank() + turn);
                world.allReduce(tensor, type);
                requireAll(tensor, n * (n - 1) / 2 + n * turn);
            }
            case 1 -> {
                fill(tensor, world.rank() + turn);
                world.broadcast(tensor, turn % n);
                requireAll(tensor, turn % n + turn);
            }
            case 2 -> {
                ByteBuffer all = Tensors.empty(size * n, type);
                fill(tensor, world.rank() + turn);
                world.allGather(tensor, all, Collections.nCopies(n, (long) size), type);
                for (int i = 0; i < size * n; i++) {
                    assertEquals(i / size + turn, Tensors.get(all, type, i));
                }
            }
            default -> {
                int next = (world.rank() + 1) % n;
                int before = (world.rank() + n - 1) % n;
                fill(tensor, world.rank() + turn);
                world.send(next, turn, tensor);
                world.receive(before, turn, tensor);
                requireAll(tensor, before + turn);
            }
        }
    }

    @Test
    default void messagesSentLongBeforeTheirReceiveArriveInOrderWhileTheSenderWaitsElsewhere() throws Exception {
        Crew.run(transports(2), transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            int other = 1 - world.rank();
            for (int i = 0; i < 60; i++) {
                world.send(other, i, Tensors.random(i * 997, TensorType.FLOAT64, i + 1000L * world.rank()));
            }
            world.barrier();
            for (int i = 0; i < 60; i++) {
                ByteBuffer message = Tensors.empty(i * 997, TensorType.FLOAT64);
                world.receive(other, i, message);
                ByteBuffer sent = Tensors.random(i * 997, TensorType.FLOAT64, i + 1000L * other);
                assertTrue(Tensors.same(sent, message), "message " + i);
            }
            world.barrier();
        });
    }

    @Test
    default void theSameGroupsCanBeClosedAndOpenedAgainAndAgain() throws Exception {
        Crew.run(transports(3), transport -> {
            ByteBuffer one = Tensors.empty(1, TensorType.FLOAT64);
            for (int plan = 0; plan < 40; plan++) {
                try (Communicator world = Communicator.open(transport, Group.world(3));
                        Communicator again = Communicator.open(transport, Group.world(3))) {
                    assertEquals(3.0 + 3 * plan, Tensors.allReduced(world, one, transport.rank() + plan));
                    assertEquals(3.0, Tensors.allReduced(again, one, transport.rank()));
                    again.barrier();
                }
            }
        });
    }

    @Test
    default void aClosedGroupRefusesCalls() throws Exception {
        Crew.run(transports(2), transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            world.close();
            assertThrows(IllegalStateException.class, world::barrier);
            assertThrows(IllegalStateException.class, () -> world.send(0, 0, ByteBuffer.allocate(1)));
            assertEquals(0, world.bytesReserved());
        });
    }

    @Test
    default void aRankRunsOutOfItsShareWithAMessage() throws Exception {
        List<Optional<Throwable>> outcomes = Crew.outcomes(transports(8), transport -> {
            long reserved = 0;
            if (transport.rank() < 2) {
                for (int i = 0; i < 13; i++) {
                    Group pair = new Group("pair" + i, List.of(0, 1));
                    reserved += Communicator.open(transport, pair).bytesReserved();
                    assertTrue(reserved <= (48L << 20) / 8, "reserved " + reserved);
                }
            }
        });
        assertTrue(
                outcomes.get(0).orElseThrow().toString().contains("6 open groups fill its share of 48 MiB"),
                outcomes.toString());
    }

    @Test
    default void anInterruptedRankOpensAndWaitsAsUsualAndStaysInterrupted() throws Exception {
        Crew.run(transports(2), transport -> {
            Thread.currentThread().interrupt();
            Communicator world = Communicator.open(transport, Group.world(2));
            ByteBuffer one = Tensors.empty(1, TensorType.FLOAT64);
            for (int i = 0; i < 100; i++) {
                assertEquals(1.0, Tensors.allReduced(world, one, transport.rank()));
            }
            assertTrue(Thread.interrupted(), "the interrupt is kept for the caller");
        });
    }

    private static double sum(Communicator group, int turn) {
        return group.group().ranks().stream()
                .mapToDouble(rank -> rank * 7919.0 + turn)
                .sum();
    }

    private static void fill(ByteBuffer tensor, double value) {
        for (int i = 0; i < Parts.elements(tensor, TensorType.FLOAT32); i++) {
            Tensors.set(tensor, TensorType.FLOAT32, i, value);
        }
    }

    private static void requireAll(ByteBuffer tensor, double value) {
        for (int i = 0; i < Parts.elements(tensor, TensorType.FLOAT32); i++) {
            assertEquals(value, Tensors.get(tensor, TensorType.FLOAT32, i));
        }
    }
}
