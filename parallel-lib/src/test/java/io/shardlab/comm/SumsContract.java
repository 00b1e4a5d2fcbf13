package io.shardlab.comm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.shardlab.mesh.Group;
import io.shardlab.tensor.Addition;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.Crew;
import io.shardlab.transport.Purpose;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What collectives compute, on every transport. */
interface SumsContract extends RanksUnderTest {

    int[] SIZES = {0, 1, 2, 3, 7, 1023, 1025, 16384, 16385, 65537, 200_003, 600_001};

    int[] SIZES_OF_MANY = {0, 1, 7, 16385, 200_003};

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 8})
    default void allReduceIsBitwiseTheSequentialSumInRankOrderOnEveryRank(int n) throws Exception {
        sumsInRankOrder(n, Optional.empty());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 8})
    default void anAdditionInMainMemoryGivesTheSameBits(int n) throws Exception {
        AtomicLong added = new AtomicLong();
        sumsInRankOrder(n, Optional.of((type, sums, at, summands, from, bytes) -> {
            Tensors.add(type, sums, at, summands, from, bytes);
            added.addAndGet(bytes);
        }));
        assertTrue(added.get() > 0, "nobody used it");
    }

    private void sumsInRankOrder(int n, Optional<Addition> addition) throws Exception {
        Crew.run(transports(n), transport -> {
            Communicator world = Communicator.open(transport, Group.world(n), Purpose.COLLECTIVES, addition);
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
    default void unevenPartsAreGatheredInRankOrderAndScatteredBack(int n) throws Exception {
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

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    default void aPartMayLieInItsPlaceInTheWhole(int n) throws Exception {
        TensorType type = TensorType.FLOAT32;
        List<Long> parts = parts(n, 70_000);
        int total = total(parts);
        ByteBuffer[] inputs = new ByteBuffer[n];
        for (int rank = 0; rank < n; rank++) {
            inputs[rank] = Tensors.random(total, type, rank);
        }
        ByteBuffer sum = Tensors.sumOf(inputs, type);
        Crew.run(transports(n), transport -> {
            Communicator world = Communicator.open(transport, Group.world(n));
            int me = world.rank();
            int start = total(parts.subList(0, me));
            int end = start + Math.toIntExact(parts.get(me));
            for (boolean started : new boolean[] {false, true}) {
                ByteBuffer tensor = copy(inputs[me], type);
                if (started) {
                    world.startReduceScatter(tensor, tensor, parts, type).await();
                } else {
                    world.reduceScatter(tensor, tensor, parts, type);
                }
                assertTrue(Tensors.same(slice(sum, start, end - start, type), slice(tensor, start, end - start, type)));
                assertTrue(Tensors.same(slice(inputs[me], 0, start, type), slice(tensor, 0, start, type)));
                assertTrue(
                        Tensors.same(slice(inputs[me], end, total - end, type), slice(tensor, end, total - end, type)));
                if (started) {
                    world.startAllGather(tensor, tensor, parts, type).await();
                } else {
                    world.allGather(tensor, tensor, parts, type);
                }
                assertTrue(Tensors.same(sum, tensor), "rank " + me + " of " + n);
            }
        });
    }

    /** The law behind every backward pass: ⟨gather x, g⟩ = ⟨x, scatter g⟩, summed over ranks. */
    @Test
    default void reduceScatterIsTheAdjointOfAllGather() throws Exception {
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
    default void broadcastCopiesTheRootsBytes(int n) throws Exception {
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
    default void theCensusCountsTheBytesOfTheFormulas() throws Exception {
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
    default void collectivesAllocateNothingOnTheHeap(TensorType type) throws Exception {
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
    default void aGroupOfOneNeedsNobodyAndReservesNothing() throws Exception {
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

    private static long allocated() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    }
}
