package io.shardlab.comm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.mesh.Axis;
import io.shardlab.mesh.Group;
import io.shardlab.mesh.Mesh;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.Crew;
import io.shardlab.transport.MismatchedCall;
import io.shardlab.transport.PeerTimeout;
import io.shardlab.transport.WaitPolicy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds on every transport for collectives that are started and awaited later. */
interface StartedCallsContract extends RanksUnderTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    default void startedAllReducesGiveTheBitsOfTheSequentialSum(int n) throws Exception {
        TensorType type = TensorType.FLOAT32;
        Crew.run(transports(n), transport -> {
            Communicator world = Communicator.open(transport, Group.world(n));
            Random think = new Random(transport.rank());
            for (int turn = 0; turn < 200; turn++) {
                List<Pending> pending = new ArrayList<>();
                List<ByteBuffer> sums = new ArrayList<>();
                List<ByteBuffer> expected = new ArrayList<>();
                for (int call = 0; call < 3; call++) {
                    int elements = (turn * 3 + call) % 17 == 0 ? 70_001 : turn + call;
                    ByteBuffer[] inputs = new ByteBuffer[n];
                    for (int rank = 0; rank < n; rank++) {
                        inputs[rank] = Tensors.random(elements, type, turn * 100L + call * 10L + rank);
                    }
                    expected.add(Tensors.sumOf(inputs, type));
                    sums.add(inputs[world.rank()]);
                    pending.add(world.startAllReduce(inputs[world.rank()], type));
                    for (int pause = think.nextInt(400); pause > 0; pause--) {
                        Thread.onSpinWait();
                    }
                }
                for (int call = 2; call >= 0; call--) {
                    pending.get(call).await();
                    assertTrue(Tensors.same(expected.get(call), sums.get(call)), "call " + call + " of turn " + turn);
                }
            }
        });
    }

    /** Each rank sets its numbers part by part, at its own pace; what is sent too early would miss them. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    default void theSumOfATensorThatGrowsHasTheBitsOfTheWholeOnesSum(int n) throws Exception {
        TensorType type = TensorType.FLOAT32;
        Crew.run(transports(n), transport -> {
            Communicator world = Communicator.open(transport, Group.world(n));
            Random think = new Random(transport.rank());
            for (int turn = 0; turn < 60; turn++) {
                int elements = turn % 7 == 0 ? 150_001 : 1 + turn * 41;
                int parts = 1 + turn % 5;
                ByteBuffer[] inputs = new ByteBuffer[n];
                for (int rank = 0; rank < n; rank++) {
                    inputs[rank] = Tensors.random(elements, type, turn * 10L + rank);
                }
                ByteBuffer expected = Tensors.sumOf(inputs, type);
                ByteBuffer tensor = Tensors.empty(elements, type);
                Growing growing = world.startAllReduceOfGrowing(tensor, type, parts);
                for (int part = 0; part < parts; part++) {
                    int from = elements * part / parts;
                    int to = elements * (part + 1) / parts;
                    if (n > 1 && from < to) {
                        assertThrows(IllegalStateException.class, growing::await, "it is not final yet");
                    }
                    for (int pause = think.nextInt(2000); pause > 0; pause--) {
                        Thread.onSpinWait();
                    }
                    for (int i = from; i < to; i++) {
                        Tensors.set(tensor, type, i, Tensors.get(inputs[world.rank()], type, i));
                    }
                    growing.reach(to * type.bytes());
                }
                growing.await();
                assertTrue(Tensors.same(expected, tensor), "turn " + turn);
            }
            assertEquals(
                    n > 1 ? 60 : 0,
                    world.census().values().stream().mapToLong(Census::count).sum());
        });
    }

    @Test
    default void aCallThatIsNotStartedWaitsForThoseThatAreSoThatOrderStays() throws Exception {
        Crew.run(transports(2), transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            TensorType type = TensorType.FLOAT64;
            ByteBuffer tensor = Tensors.empty(50_000, type);
            for (int turn = 0; turn < 50; turn++) {
                for (int i = 0; i < 50_000; i++) {
                    Tensors.set(tensor, type, i, 1);
                }
                Pending twice = world.startAllReduce(tensor, type);
                Pending again = world.startAllReduce(tensor, type);
                world.allReduce(tensor, type);
                assertEquals(8, Tensors.get(tensor, type, 49_999));
                again.await();
                twice.await();
                twice.await();
            }
        });
    }

    @Test
    default void startedGathersAndScattersAreAdjoint() throws Exception {
        Crew.run(transports(2), transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            TensorType type = TensorType.FLOAT32;
            List<Long> parts = List.of(3L, 5L);
            int mine = world.rank() == 0 ? 3 : 5;
            ByteBuffer local = Tensors.random(mine, type, world.rank());
            ByteBuffer all = Tensors.empty(8, type);
            ByteBuffer twice = Tensors.empty(mine, type);
            Pending gathered = world.startAllGather(local, all, parts, type);
            Pending scattered = world.startReduceScatter(all, twice, parts, type);
            scattered.await();
            gathered.await();
            for (int i = 0; i < mine; i++) {
                assertEquals(2 * Tensors.get(local, type, i), Tensors.get(twice, type, i));
            }
        });
    }

    @Test
    default void groupsGoOnIndependentlyOfEachOther() throws Exception {
        Mesh mesh = new Mesh(1, 2, 2);
        Crew.run(transports(4), transport -> {
            int rank = transport.rank();
            Communicator tensor = Communicator.open(transport, mesh.group(Axis.TENSOR, rank));
            Communicator pipeline = Communicator.open(transport, mesh.group(Axis.PIPELINE, rank));
            TensorType type = TensorType.FLOAT64;
            ByteBuffer one = Tensors.empty(1, type);
            ByteBuffer two = Tensors.empty(1, type);
            for (int turn = 0; turn < 500; turn++) {
                Tensors.set(one, type, 0, rank + turn);
                Tensors.set(two, type, 0, rank - turn);
                Pending first = tensor.startAllReduce(one, type);
                Pending second = pipeline.startAllReduce(two, type);
                pipeline.group().ranks().stream().filter(other -> other != rank).forEach(other -> {
                    int member = pipeline.group().indexOf(other);
                    pipeline.send(member, 3, one.duplicate().limit(one.position()));
                    pipeline.receive(member, 3, one.duplicate().limit(one.position()));
                });
                second.await();
                first.await();
                assertEquals(sum(tensor) + 2.0 * turn, Tensors.get(one, type, 0));
                assertEquals(sum(pipeline) - 2.0 * turn, Tensors.get(two, type, 0));
            }
        });
    }

    @Test
    default void whatWasStartedGoesOnWhileTheRankWaitsInAnotherGroup() throws Exception {
        Crew.run(transports(2), transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            Communicator other = Communicator.open(transport, new Group("other", List.of(0, 1)));
            TensorType type = TensorType.FLOAT32;
            ByteBuffer tensor = Tensors.random(3_000_000, type, transport.rank());
            ByteBuffer expected = Tensors.sumOf(
                    new ByteBuffer[] {Tensors.random(3_000_000, type, 0), Tensors.random(3_000_000, type, 1)}, type);
            Pending pending = world.startAllReduce(tensor, type);
            if (world.rank() == 0) {
                // Rank 1 comes to the other group only when the many rounds of the first are over.
                other.barrier();
                pending.await();
            } else {
                pending.await();
                other.barrier();
            }
            assertTrue(Tensors.same(expected, tensor));
        });
    }

    private static double sum(Communicator group) {
        return group.group().ranks().stream().mapToDouble(rank -> rank).sum();
    }

    @Test
    default void theCallerGoesOnWhileAPeerIsStillMissing() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        Crew.run(transports(2), transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            ByteBuffer tensor = Tensors.empty(10, TensorType.FLOAT32);
            if (world.rank() == 0) {
                Pending pending = world.startAllReduce(tensor, TensorType.FLOAT32);
                started.countDown();
                pending.await();
            } else {
                started.await();
                world.allReduce(tensor, TensorType.FLOAT32);
            }
        });
    }

    @Test
    default void aLatePeerAndAMismatchSurfaceWhereTheCallIsAwaitedAndInAllLaterCalls() throws Exception {
        IntFunction<WaitPolicy> wait = rank -> WaitPolicy.forRanks(2, Duration.ofMillis(400), () -> {});
        CountDownLatch over = new CountDownLatch(1);
        Crew.run(transports(2, wait), transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            ByteBuffer tensor = Tensors.empty(10, TensorType.FLOAT32);
            if (world.rank() == 0) {
                Pending first = world.startAllReduce(tensor, TensorType.FLOAT32);
                Pending second = world.startAllReduce(tensor, TensorType.FLOAT32);
                PeerTimeout failure = assertThrows(PeerTimeout.class, first::await);
                assertEquals(
                        "rank 1 did not reach all_reduce #0 of group world within 400 ms; rank 0 did",
                        failure.getMessage());
                assertSame(failure, assertThrows(PeerTimeout.class, second::await));
                assertSame(failure, assertThrows(PeerTimeout.class, world::barrier));
                over.countDown();
            }
            over.await();
        });
        Crew.run(transports(2), transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            ByteBuffer tensor = Tensors.empty(10 + world.rank(), TensorType.FLOAT32);
            Pending pending = world.startAllReduce(tensor, TensorType.FLOAT32);
            MismatchedCall failure = assertThrows(MismatchedCall.class, pending::await);
            assertTrue(String.valueOf(failure.getMessage()).contains("11 float32"), failure.toString());
        });
    }

    @Test
    default void aStopEndsStartedCallsAndAResetWithSomePendingMakesTheGroupWorkAgain() throws Exception {
        StopAfterChecks stop = new StopAfterChecks(3);
        CyclicBarrier together = new CyclicBarrier(3);
        IntFunction<WaitPolicy> wait = rank -> WaitPolicy.forRanks(3, Duration.ofSeconds(30), stop.check(rank));
        Crew.run(transports(3, wait), transport -> {
            Communicator control = Communicator.open(transport, new Group("control", List.of(0, 1, 2)));
            Communicator world = Communicator.open(transport, Group.world(3));
            int me = transport.rank();
            ByteBuffer tensor = Tensors.empty(100_000, TensorType.FLOAT32);
            ByteBuffer one = Tensors.empty(1, TensorType.FLOAT64);
            for (int turn = 0; turn < 20; turn++) {
                // Not a barrier of the group: a stop may not meet a rank that is still inside it.
                together.await();
                if (me == 0) {
                    stop.after(1 + turn * 3);
                }
                assertThrows(StopAfterChecks.Stopped.class, () -> startForEver(world, tensor));
                stop.clear(me);
                control.barrier();
                world.reset();
                control.barrier();
                assertEquals(3.0, Tensors.allReduced(world, one, me));
            }
        });
    }

    private static void startForEver(Communicator world, ByteBuffer tensor) {
        Pending before = Pending.DONE;
        while (true) {
            Pending next = world.startAllReduce(tensor, TensorType.FLOAT32);
            before.await();
            before = next;
        }
    }

    @Test
    default void whoAbandonsIsLeftAloneByItsCallsAndAResetMakesTheGroupWorkAgain() throws Exception {
        Crew.run(transports(2), transport -> {
            Communicator control = Communicator.open(transport, new Group("control", List.of(0, 1)));
            Communicator world = Communicator.open(transport, Group.world(2));
            ByteBuffer tensor = Tensors.empty(100_000, TensorType.FLOAT32);
            ByteBuffer one = Tensors.empty(1, TensorType.FLOAT64);
            world.abandon();
            for (int turn = 0; turn < 20; turn++) {
                if (world.rank() == 0) {
                    Pending first = world.startAllReduce(tensor, TensorType.FLOAT32);
                    Pending second = world.startAllReduce(tensor, TensorType.FLOAT32);
                    world.abandon();
                    assertThrows(IllegalStateException.class, first::await);
                    assertThrows(IllegalStateException.class, second::await);
                    assertThrows(IllegalStateException.class, world::barrier);
                }
                control.barrier();
                world.reset();
                control.barrier();
                assertEquals(1.0, Tensors.allReduced(world, one, world.rank()));
                world.abandon();
                control.barrier();
            }
        });
    }

    @Test
    default void closingWithCallsUnderWayEndsThem() throws Exception {
        Crew.run(transports(2), transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            if (world.rank() == 0) {
                ByteBuffer tensor = Tensors.empty(100_000, TensorType.FLOAT32);
                Pending pending = world.startAllReduce(tensor, TensorType.FLOAT32);
                world.close();
                assertThrows(IllegalStateException.class, pending::await);
                assertThrows(IllegalStateException.class, () -> world.startAllReduce(tensor, TensorType.FLOAT32)
                        .await());
            }
        });
    }
}
