package io.shardlab.comm;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.mesh.Group;
import io.shardlab.mesh.Link;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.Crew;
import io.shardlab.transport.InProcessTransport;
import io.shardlab.transport.Transport;
import io.shardlab.transport.WaitPolicy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/**
 * Ranks whose messages take as long as over a link. The contract holds there too; the times of calls come near the
 * formulas. Links are so slow here that the machine's own times hardly count.
 */
class SimulatedLinkTest implements StartedCallsContract {

    private static final Link SLOW = new Link(50e6, 2_000_000);
    private static final TensorType TYPE = TensorType.FLOAT32;
    private static final int TIMES = 5;

    @Override
    public List<Transport> transports(int size, IntFunction<WaitPolicy> wait) {
        return InProcessTransport.create(size, wait, Optional.of(new Link(20e9, 5_000)));
    }

    private static List<Transport> over(Link link, int size) {
        return InProcessTransport.create(
                size, rank -> WaitPolicy.forRanks(size, Duration.ofSeconds(30), () -> {}), Optional.of(link));
    }

    /** One call on every rank. */
    private interface Call {
        void make(Communicator world, Transport transport);
    }

    /** The shortest time of a call on rank 0: whatever else runs here only makes it longer. */
    private static double shortestMillis(Link link, int size, Call call) throws Exception {
        double[] millis = new double[TIMES];
        AtomicLong start = new AtomicLong();
        CyclicBarrier together = new CyclicBarrier(size, () -> start.set(System.nanoTime()));
        Crew.run(over(link, size), transport -> {
            Communicator world = Communicator.open(transport, Group.world(size));
            for (int i = 0; i < TIMES; i++) {
                // A barrier over the link would let a rank go that comes late a latency before the others.
                together.await();
                call.make(world, transport);
                if (world.rank() == 0) {
                    millis[i] = (System.nanoTime() - start.get()) / 1e6;
                }
            }
        });
        return Arrays.stream(millis).min().orElseThrow();
    }

    private static void requireNear(double expected, double measured) {
        assertTrue(
                measured >= 0.99 * expected && measured <= 1.3 * expected,
                measured + " ms measured, " + expected + " ms expected");
    }

    @Test
    void anAllReduceTakesItsBytesOverTheRateAndALatencyPerRound() throws Exception {
        for (int size : new int[] {2, 4}) {
            ByteBuffer[] tensors = new ByteBuffer[size];
            for (int rank = 0; rank < size; rank++) {
                tensors[rank] = Tensors.empty(256 << 10, TYPE);
            }
            double bytes = 2.0 * (size - 1) / size * (1 << 20);
            // Four chunks of 256 KiB, and one more round to fetch the last one's sums.
            double expected = bytes / 50e6 * 1e3 + 5 * 2;
            requireNear(
                    expected,
                    shortestMillis(SLOW, size, (world, transport) -> world.allReduce(tensors[world.rank()], TYPE)));
        }
    }

    @Test
    void aSmallAllReduceTakesOneLatency() throws Exception {
        ByteBuffer[] tensors = {Tensors.empty(1, TYPE), Tensors.empty(1, TYPE)};
        requireNear(2, shortestMillis(SLOW, 2, (world, transport) -> world.allReduce(tensors[world.rank()], TYPE)));
    }

    @Test
    void aMessageTakesItsBytesOverTheRateAndOneLatencyAndDoesNotHoldItsSender() throws Exception {
        ByteBuffer sent = Tensors.random(256 << 10, TYPE, 1);
        ByteBuffer received = Tensors.empty(256 << 10, TYPE);
        double expected = (1 << 20) / 50e6 * 1e3 + 2;
        double millis = shortestMillis(SLOW, 2, (world, transport) -> {
            if (world.rank() == 1) {
                long start = System.nanoTime();
                world.send(0, 7, sent);
                assertTrue(System.nanoTime() - start < expected * 1e6 / 2, "the sender goes on");
            } else {
                world.receive(1, 7, received);
            }
        });
        requireNear(expected, millis);
        assertTrue(Tensors.same(sent, received));
    }

    @Test
    void messagesOfOneRankFollowEachOtherOnItsLine() throws Exception {
        ByteBuffer sent = Tensors.empty(128 << 10, TYPE);
        ByteBuffer received = Tensors.empty(128 << 10, TYPE);
        double millis = shortestMillis(SLOW, 3, (world, transport) -> {
            if (world.rank() == 1) {
                world.send(2, 7, sent);
                world.send(0, 7, sent);
            } else {
                world.receive(1, 7, world.rank() == 0 ? received : received.duplicate());
            }
        });
        requireNear(2 * (512 << 10) / 50e6 * 1e3 + 2, millis);
    }

    @Test
    void computingGoesOnWhileAStartedCallIsOnTheLine() throws Exception {
        ByteBuffer[] tensors = {Tensors.empty(256 << 10, TYPE), Tensors.empty(256 << 10, TYPE)};
        double alone = (1 << 20) / 50e6 * 1e3 + 10;
        double millis = shortestMillis(SLOW, 2, (world, transport) -> {
            Pending pending = world.startAllReduce(tensors[world.rank()], TYPE);
            long until = System.nanoTime() + Math.round(alone * 0.8 * 1e6);
            while (System.nanoTime() < until) {
                transport.progress();
            }
            pending.await();
        });
        assertTrue(millis < 1.4 * alone, millis + " ms; one after the other would be " + 1.8 * alone);
    }

    @Test
    void aStopIsHeardWhileAMessageIsOnTheLine() throws Exception {
        Link minutes = new Link(1e5, 1_000_000_000);
        StopAfterChecks stop = new StopAfterChecks(2);
        List<Transport> ranks = InProcessTransport.create(
                2, rank -> WaitPolicy.forRanks(2, Duration.ofSeconds(30), stop.check(rank)), Optional.of(minutes));
        Crew.run(ranks, transport -> {
            Communicator world = Communicator.open(transport, Group.world(2));
            if (world.rank() == 0) {
                stop.after(50);
            }
            ByteBuffer tensor = Tensors.empty(2 << 20, TYPE);
            assertThrows(StopAfterChecks.Stopped.class, () -> world.allReduce(tensor, TYPE));
        });
    }

    @Test
    void sumsHaveTheSameBitsWithAndWithoutALink() throws Exception {
        for (int size : new int[] {2, 3, 4}) {
            for (int elements : new int[] {1, 3000, 16384, 100_003}) {
                ByteBuffer[] inputs = new ByteBuffer[size];
                for (int rank = 0; rank < size; rank++) {
                    inputs[rank] = Tensors.random(elements, TYPE, rank);
                }
                ByteBuffer expected = Tensors.sumOf(inputs, TYPE);
                Crew.run(over(new Link(1e9, 10_000), size), transport -> {
                    Communicator world = Communicator.open(transport, Group.world(size));
                    world.allReduce(inputs[world.rank()], TYPE);
                    assertTrue(Tensors.same(expected, inputs[world.rank()]));
                });
            }
        }
    }
}
