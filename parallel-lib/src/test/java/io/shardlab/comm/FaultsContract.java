package io.shardlab.comm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.mesh.Group;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.Crew;
import io.shardlab.transport.MismatchedCall;
import io.shardlab.transport.Transport;
import io.shardlab.transport.WaitPolicy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/** What happens on every transport when ranks are late, stopped or of different minds. */
interface FaultsContract extends RanksUnderTest {

    @Test
    default void aLateRankIsNamedWithTheCallAndTheGroup() throws Exception {
        List<Transport> ranks = transports(4, rank -> WaitPolicy.forRanks(4, Duration.ofMillis(1500), () -> {}));
        List<Optional<Throwable>> outcomes = Crew.outcomes(ranks, transport -> {
            Communicator world = Communicator.open(transport, Group.world(4));
            world.barrier();
            if (transport.rank() != 2) {
                world.allReduce(Tensors.empty(1, TensorType.FLOAT32), TensorType.FLOAT32);
            }
        });
        for (int rank : new int[] {0, 1, 3}) {
            assertEquals(
                    "rank 2 did not reach all_reduce #1 of group world within 1500 ms; ranks 0, 1, 3 did",
                    message(outcomes.get(rank)));
        }
    }

    @Test
    default void aMissingMessageNamesItsSender() throws Exception {
        List<Transport> ranks = transports(2, rank -> WaitPolicy.forRanks(2, Duration.ofMillis(1500), () -> {}));
        List<Optional<Throwable>> outcomes = Crew.outcomes(ranks, transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            if (transport.rank() == 0) {
                world.receive(1, 5, Tensors.empty(2, TensorType.FLOAT32));
            }
        });
        assertEquals(
                "rank 1 did not send message #0 (tag 5, 8 bytes) of group world within 1500 ms; rank 0 waits for it",
                message(outcomes.get(0)));
    }

    @Test
    default void aStopCheckReleasesWaitersAndAResetMakesTheGroupWorkAgain() throws Exception {
        StopAfterChecks stop = new StopAfterChecks(3);
        IntFunction<WaitPolicy> wait = rank -> WaitPolicy.forRanks(3, Duration.ofSeconds(30), stop.check(rank));
        Crew.run(transports(3, wait), transport -> {
            Communicator control = Communicator.open(transport, new Group("control", List.of(0, 1, 2)));
            Communicator world = Communicator.open(transport, Group.world(3));
            int me = transport.rank();
            ByteBuffer tensor = Tensors.empty(300_000, TensorType.FLOAT32);
            ByteBuffer one = Tensors.empty(1, TensorType.FLOAT64);
            for (int turn = 0; turn < 20; turn++) {
                control.barrier();
                if (me == 0) {
                    stop.after(1 + turn * 7);
                }
                world.send((me + 1) % 3, 1, tensor);
                assertThrows(StopAfterChecks.Stopped.class, () -> allReduceForEver(world, tensor));
                assertThrows(IllegalStateException.class, world::barrier);
                stop.clear(me);
                control.barrier();
                world.reset();
                control.barrier();
                assertEquals(3.0, Tensors.allReduced(world, one, me));
                world.send((me + 1) % 3, 9, one);
                world.receive((me + 2) % 3, 9, one);
            }
        });
    }

    private static void allReduceForEver(Communicator world, ByteBuffer tensor) {
        while (true) {
            world.allReduce(tensor, TensorType.FLOAT32);
        }
    }

    @Test
    default void differentCallsFailOnAllRanksWithBothSignatures() throws Exception {
        requireMismatch("all_reduce #0 of 4 float32", "all_gather #0 of 4 float32", (world, me) -> {
            ByteBuffer four = Tensors.empty(4, TensorType.FLOAT32);
            if (me == 0) {
                world.allReduce(four, TensorType.FLOAT32);
            } else {
                ByteBuffer local = Tensors.empty(2, TensorType.FLOAT32);
                world.allGather(local, four, List.of(2L, 2L), TensorType.FLOAT32);
            }
        });
    }

    @Test
    default void differentLengthsFailOnAllRanksWithBothSignatures() throws Exception {
        requireMismatch(
                "rank 0 called all_reduce #0 of 100000 float32",
                "rank 1 called all_reduce #0 of 99999 float32",
                (world, me) -> world.allReduce(Tensors.empty(100_000 - me, TensorType.FLOAT32), TensorType.FLOAT32));
    }

    @Test
    default void differentTypesFailOnAllRanksWithBothSignatures() throws Exception {
        requireMismatch("8 float32", "8 float64", (world, me) -> {
            TensorType type = TensorType.values()[me];
            world.allReduce(Tensors.empty(8, type), type);
        });
    }

    @Test
    default void differentRootsAndPartsFailOnAllRanks() throws Exception {
        requireMismatch(
                "from member 0",
                "from member 1",
                (world, me) -> world.broadcast(Tensors.empty(1, TensorType.FLOAT32), me));
        requireMismatch("reduce_scatter #0 of 3 float64 in parts", "in parts", (world, me) -> {
            List<Long> parts = me == 0 ? List.of(1L, 2L) : List.of(2L, 1L);
            TensorType type = TensorType.FLOAT64;
            world.reduceScatter(Tensors.empty(3, type), Tensors.empty(1, type), parts, type);
        });
    }

    @Test
    default void aMessageWithAnotherTagOrLengthFailsOnBothSides() throws Exception {
        requireMismatch("sent tag 7, 12 bytes", "expected tag 8, 12 bytes", (world, me) -> {
            sendOrReceive(world, me, 7 + me, 3);
        });
        requireMismatch("sent tag 7, 12 bytes", "expected tag 7, 16 bytes", (world, me) -> {
            sendOrReceive(world, me, 7, 3 + me);
        });
    }

    private static void sendOrReceive(Communicator world, int me, long tag, int elements) {
        if (me == 0) {
            world.send(1, tag, Tensors.empty(elements, TensorType.FLOAT32));
            world.receive(1, 0, Tensors.empty(1, TensorType.FLOAT32));
        } else {
            world.receive(0, tag, Tensors.empty(elements, TensorType.FLOAT32));
        }
    }

    /** What a rank calls. */
    interface Calls {
        void make(Communicator world, int me);
    }

    private void requireMismatch(String one, String other, Calls calls) throws Exception {
        List<Optional<Throwable>> outcomes = Crew.outcomes(transports(2), transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            calls.make(world, transport.rank());
        });
        assertEquals(message(outcomes.get(0)), message(outcomes.get(1)));
        assertTrue(outcomes.get(0).orElseThrow() instanceof MismatchedCall, outcomes.toString());
        assertTrue(message(outcomes.get(0)).contains(one), message(outcomes.get(0)));
        assertTrue(message(outcomes.get(0)).contains(other), message(outcomes.get(0)));
    }

    private static String message(Optional<Throwable> failure) {
        return String.valueOf(failure.orElseThrow().getMessage());
    }
}
