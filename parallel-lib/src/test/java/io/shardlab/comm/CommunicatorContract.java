package io.shardlab.comm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.mesh.Axis;
import io.shardlab.mesh.Group;
import io.shardlab.mesh.Mesh;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.Crew;
import io.shardlab.transport.MismatchedCall;
import io.shardlab.transport.Transport;
import io.shardlab.transport.WaitPolicy;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What collectives promise on every transport. */
abstract class CommunicatorContract {

    private static final int[] SIZES = {0, 1, 2, 3, 7, 1023, 1025, 16384, 16385, 65537, 200_003, 600_001};

    private static final int[] SIZES_OF_MANY = {0, 1, 7, 16385, 200_003};

    abstract List<Transport> transports(int size, IntFunction<WaitPolicy> wait) throws Exception;

    List<Transport> transports(int size) throws Exception {
        return transports(size, rank -> WaitPolicy.forRanks(size, Duration.ofSeconds(30), () -> {}));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 8})
    void allReduceIsBitwiseTheSequentialSumInRankOrderOnEveryRank(int n) throws Exception {
        Crew.run(transports(n), transport -> {
            Communicator world = Communicator.open(transport, Group.world(n));
            for (TensorType type : TensorType.values()) {
                for (int size : n > 4 ? SIZES_OF_MANY : SIZES) {
                    ByteBuffer[] inputs = new ByteBuffer[n];
                    for (int rank = 0; rank < n; rank++) {
                        inputs[rank] = Tensors.random(size, type, size * 31L + rank);
                    }
                    ByteBuffer expected = Tensors.sumOf(inputs, type);
                    world.allReduce(inputs[world.rank()], type);
                    String what = size + " " + type + " on rank " + world.rank() + " of " + n;
                    assertTrue(Tensors.same(expected, inputs[world.rank()]), what);
                }
            }
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void unevenPartsAreGatheredInRankOrderAndScatteredBack(int n) throws Exception {
        Crew.run(transports(n), transport -> {
            Communicator world = Communicator.open(transport, Group.world(n));
            int me = world.rank();
            for (TensorType type : TensorType.values()) {
                for (int base : new int[] {0, 1, 5, 1000, 150_000}) {
                    List<Long> parts = parts(n, base);
                    int total = total(parts);
                    int start = total(parts.subList(0, me));
                    ByteBuffer whole = Tensors.random(total, type, base);
                    ByteBuffer local = slice(whole, start, Math.toIntExact(parts.get(me)), type);
                    ByteBuffer gathered = Tensors.empty(total, type);
                    world.allGather(local, gathered, parts, type);
                    assertTrue(Tensors.same(whole, gathered), "gathered " + parts);

                    ByteBuffer[] inputs = new ByteBuffer[n];
                    for (int rank = 0; rank < n; rank++) {
                        inputs[rank] = Tensors.random(total, type, base + rank);
                    }
                    ByteBuffer before = copy(inputs[me], type);
                    ByteBuffer sum = Tensors.sumOf(inputs, type);
                    world.reduceScatter(inputs[me], local, parts, type);
                    ByteBuffer expected = slice(sum, start, Math.toIntExact(parts.get(me)), type);
                    assertTrue(Tensors.same(expected, local), "scattered " + parts);
                    assertTrue(Tensors.same(before, inputs[me]), "the input stays");
                }
            }
        });
    }

    /** The law behind every backward pass: ⟨gather x, g⟩ = ⟨x, scatter g⟩, summed over ranks. */
    @Test
    void reduceScatterIsTheAdjointOfAllGather() throws Exception {
        int n = 3;
        TensorType type = TensorType.FLOAT64;
        List<Long> parts = List.of(5L, 0L, 70_000L);
        double[][] sides = new double[n][];
        Crew.run(transports(n), transport -> {
            Communicator world = Communicator.open(transport, Group.world(n));
            ByteBuffer x = Tensors.random(Math.toIntExact(parts.get(world.rank())), type, world.rank());
            ByteBuffer g = Tensors.random(total(parts), type, 100 + world.rank());
            ByteBuffer gathered = Tensors.empty(total(parts), type);
            ByteBuffer scattered = Tensors.empty(Math.toIntExact(parts.get(world.rank())), type);
            world.allGather(x, gathered, parts, type);
            world.reduceScatter(g, scattered, parts, type);
            sides[world.rank()] = new double[] {Tensors.dot(gathered, g), Tensors.dot(x, scattered)};
        });
        double left = Arrays.stream(sides).mapToDouble(side -> side[0]).sum();
        double right = Arrays.stream(sides).mapToDouble(side -> side[1]).sum();
        assertEquals(left, right, Math.abs(left) * 1e-9);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void broadcastCopiesTheRootsBytes(int n) throws Exception {
        Crew.run(transports(n), transport -> {
            Communicator world = Communicator.open(transport, Group.world(n));
            for (int root = 0; root < n; root++) {
                for (int size : SIZES) {
                    ByteBuffer expected = Tensors.random(size, TensorType.FLOAT32, root + size);
                    boolean mine = root == world.rank();
                    ByteBuffer tensor = mine ? expected : Tensors.empty(size, TensorType.FLOAT32);
                    world.broadcast(tensor, root);
                    assertTrue(Tensors.same(expected, tensor), size + " from " + root);
                }
            }
        });
    }

    @Test
    void groupsThatOverlapDoNotDisturbEachOther() throws Exception {
        Mesh mesh = new Mesh(1, 2, 2);
        Crew.run(transports(4), transport -> {
            int rank = transport.rank();
            Communicator tensor = Communicator.open(transport, mesh.group(Axis.TENSOR, rank));
            Communicator pipeline = Communicator.open(transport, mesh.group(Axis.PIPELINE, rank));
            Communicator world = Communicator.open(transport, Group.world(4));
            ByteBuffer one = Tensors.empty(1, TensorType.FLOAT64);
            for (int turn = 0; turn < 2000; turn++) {
                assertEquals(sum(tensor, turn), allReduced(tensor, one, rank * 7919.0 + turn));
                assertEquals(sum(pipeline, turn), allReduced(pipeline, one, rank * 7919.0 + turn));
                if (turn % 10 == 0) {
                    assertEquals(sum(world, turn), allReduced(world, one, rank * 7919.0 + turn));
                }
            }
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void thousandsOfMixedCollectivesWithRandomThinkTimesKeepTheirOrder(int n) throws Exception {
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
    void messagesSentLongBeforeTheirReceiveArriveInOrderWhileTheSenderWaitsElsewhere() throws Exception {
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
    void aLateRankIsNamedWithTheCallAndTheGroup() throws Exception {
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
    void aMissingMessageNamesItsSender() throws Exception {
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
    void aStopCheckReleasesWaitersAndAResetMakesTheGroupWorkAgain() throws Exception {
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
                assertEquals(3.0, allReduced(world, one, me));
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
    void differentCallsFailOnAllRanksWithBothSignatures() throws Exception {
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
    void differentLengthsFailOnAllRanksWithBothSignatures() throws Exception {
        requireMismatch(
                "rank 0 called all_reduce #0 of 100000 float32",
                "rank 1 called all_reduce #0 of 99999 float32",
                (world, me) -> world.allReduce(Tensors.empty(100_000 - me, TensorType.FLOAT32), TensorType.FLOAT32));
    }

    @Test
    void differentTypesFailOnAllRanksWithBothSignatures() throws Exception {
        requireMismatch("8 float32", "8 float64", (world, me) -> {
            TensorType type = TensorType.values()[me];
            world.allReduce(Tensors.empty(8, type), type);
        });
    }

    @Test
    void differentRootsAndPartsFailOnAllRanks() throws Exception {
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
    void aMessageWithAnotherTagOrLengthFailsOnBothSides() throws Exception {
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

    private interface Calls {
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

    @Test
    void theSameGroupsCanBeClosedAndOpenedAgainAndAgain() throws Exception {
        Crew.run(transports(3), transport -> {
            ByteBuffer one = Tensors.empty(1, TensorType.FLOAT64);
            for (int plan = 0; plan < 40; plan++) {
                try (Communicator world = Communicator.open(transport, Group.world(3));
                        Communicator again = Communicator.open(transport, Group.world(3))) {
                    assertEquals(3.0 + 3 * plan, allReduced(world, one, transport.rank() + plan));
                    assertEquals(3.0, allReduced(again, one, transport.rank()));
                    again.barrier();
                }
            }
        });
    }

    @Test
    void aClosedGroupRefusesCalls() throws Exception {
        Crew.run(transports(2), transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            world.close();
            assertThrows(IllegalStateException.class, world::barrier);
            assertThrows(IllegalStateException.class, () -> world.send(0, 0, ByteBuffer.allocate(1)));
            assertEquals(0, world.bytesReserved());
        });
    }

    @Test
    void aGroupOfOneNeedsNobodyAndReservesNothing() throws Exception {
        Crew.run(transports(2), transport -> {
            Group alone = new Group("alone", List.of(transport.rank()));
            Communicator solo = Communicator.open(transport, alone);
            ByteBuffer tensor = Tensors.random(10, TensorType.FLOAT32, 1);
            ByteBuffer before = copy(tensor, TensorType.FLOAT32);
            solo.allReduce(tensor, TensorType.FLOAT32);
            solo.barrier();
            assertTrue(Tensors.same(before, tensor));
            assertEquals(0, solo.bytesReserved());
        });
    }

    @Test
    void aRankRunsOutOfItsShareWithAMessage() throws Exception {
        List<Optional<Throwable>> outcomes = Crew.outcomes(transports(8), transport -> {
            long reserved = 0;
            if (transport.rank() < 2) {
                for (int i = 0; i < 9; i++) {
                    Group pair = new Group("pair" + i, List.of(0, 1));
                    reserved += Communicator.open(transport, pair).bytesReserved();
                    assertTrue(reserved <= (48L << 20) / 8, "reserved " + reserved);
                }
            }
        });
        assertTrue(message(outcomes.get(0)).contains("8 open groups fill its share of 48 MiB"), outcomes.toString());
    }

    @Test
    void theCensusCountsTheBytesOfTheFormulas() throws Exception {
        Crew.run(transports(4), transport -> {
            Communicator world = Communicator.open(transport, Group.world(4));
            ByteBuffer tensor = Tensors.empty(1000, TensorType.FLOAT32);
            ByteBuffer part = Tensors.empty(250, TensorType.FLOAT32);
            List<Long> parts = Collections.nCopies(4, 250L);
            world.allReduce(tensor, TensorType.FLOAT32);
            world.allReduce(tensor, TensorType.FLOAT32);
            world.allGather(part, tensor, parts, TensorType.FLOAT32);
            world.reduceScatter(tensor, part, parts, TensorType.FLOAT32);
            world.broadcast(tensor, 0);
            world.send((world.rank() + 1) % 4, 0, part);
            world.receive((world.rank() + 3) % 4, 0, part);
            world.barrier();
            assertEquals(
                    Map.of(
                            "all_reduce", new Census(2, 12_000),
                            "all_gather", new Census(1, 3000),
                            "reduce_scatter", new Census(1, 3000),
                            "broadcast", new Census(1, world.rank() == 0 ? 4000 : 0),
                            "send", new Census(1, 1000)),
                    world.census());
        });
    }

    @ParameterizedTest
    @EnumSource(TensorType.class)
    void collectivesAllocateNothingOnTheHeap(TensorType type) throws Exception {
        Crew.run(transports(2), transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            ByteBuffer small = Tensors.empty(10, type);
            ByteBuffer large = Tensors.empty(100_000, type);
            ByteBuffer half = Tensors.empty(50_000, type);
            List<Long> parts = List.of(50_000L, 50_000L);
            long start = 0;
            int turns = 400;
            for (int turn = -turns; turn < turns; turn++) {
                if (turn == 0) {
                    start = allocated();
                }
                world.allReduce(small, type);
                world.allReduce(large, type);
                world.allGather(half, large, parts, type);
                world.reduceScatter(large, half, parts, type);
                world.broadcast(small, 0);
                world.send(1 - world.rank(), turn, small);
                world.receive(1 - world.rank(), turn, small);
            }
            long bytes = allocated() - start;
            // The smallest object has 16 bytes, so this much means less than one object per turn.
            assertTrue(bytes < 16L * turns, bytes + " bytes in " + turns + " turns");
        });
    }

    @Test
    void anInterruptedRankOpensAndWaitsAsUsualAndStaysInterrupted() throws Exception {
        Crew.run(transports(2), transport -> {
            Thread.currentThread().interrupt();
            Communicator world = Communicator.open(transport, Group.world(2));
            ByteBuffer one = Tensors.empty(1, TensorType.FLOAT64);
            for (int i = 0; i < 100; i++) {
                assertEquals(1.0, allReduced(world, one, transport.rank()));
            }
            assertTrue(Thread.interrupted(), "the interrupt is kept for the caller");
        });
    }

    private static String message(Optional<Throwable> failure) {
        return String.valueOf(failure.orElseThrow().getMessage());
    }

    private static long allocated() {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        return threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    }

    private static double allReduced(Communicator group, ByteBuffer one, double value) {
        Tensors.set(one, TensorType.FLOAT64, 0, value);
        group.allReduce(one, TensorType.FLOAT64);
        return Tensors.get(one, TensorType.FLOAT64, 0);
    }

    private static double sum(Communicator group, int turn) {
        return group.group().ranks().stream()
                .mapToDouble(rank -> rank * 7919.0 + turn)
                .sum();
    }

    private static List<Long> parts(int n, int base) {
        List<Long> parts = new ArrayList<>();
        for (int rank = 0; rank < n; rank++) {
            parts.add(rank == 1 ? 0L : (long) base * (rank + 1) + rank);
        }
        return parts;
    }

    private static int total(List<Long> parts) {
        return Math.toIntExact(parts.stream().mapToLong(Long::longValue).sum());
    }

    private static ByteBuffer slice(ByteBuffer whole, int start, int length, TensorType type) {
        ByteBuffer part = Tensors.empty(length, type);
        part.put(part.position(), whole, whole.position() + start * type.bytes(), length * type.bytes());
        return part;
    }

    private static ByteBuffer copy(ByteBuffer tensor, TensorType type) {
        return slice(tensor, 0, Parts.elements(tensor, type), type);
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
