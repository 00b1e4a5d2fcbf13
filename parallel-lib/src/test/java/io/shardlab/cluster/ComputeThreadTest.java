package io.shardlab.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.mesh.Device;
import io.shardlab.run.Event;
import io.shardlab.run.RankExecutor;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.Seat;
import io.shardlab.run.StatusPage;
import io.shardlab.run.StopSignal;
import io.shardlab.trace.MemoryUse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ComputeThreadTest {

    private final StopSignal stop = new StopSignal();
    private final BlockingQueue<Optional<Message.Ask>> asked = new LinkedBlockingQueue<>();
    private final BlockingQueue<Message.Answer> answers = new LinkedBlockingQueue<>();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final CompletableFuture<Thread> computing = new CompletableFuture<>();

    /** Says when it has begun, waits, and then looks whether it was asked to stop. */
    private final class Waiting implements RankExecutor {
        @Override
        public Reply execute(Request request, Consumer<Event> events) {
            computing.complete(Thread.currentThread());
            begun.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            stop.check();
            return new Reply.Done(new MemoryUse(0, Map.of()));
        }

        @Override
        public void close() {}
    }

    private ComputeThread start() {
        Seat seat =
                new Seat(0, 1, Device.cpu(0), 1, Path.of("."), Path.of("."), Duration.ofSeconds(9), Optional.empty());
        return new ComputeThread(
                seat,
                (at, signal, page) -> new Waiting(),
                stop,
                StatusPage.inMemory(),
                asked::take,
                new ComputeThread.Mouth() {
                    @Override
                    public void say(Event event) {}

                    @Override
                    public void answer(long id, Reply reply) {
                        answers.add(new Message.Answer(id, reply, 0, 0));
                    }
                });
    }

    private Reply replyTo(long id, long cancelledThrough) throws InterruptedException {
        ComputeThread thread = start();
        asked.add(Optional.of(new Message.Ask(id, new Request.Warm())));
        begun.await();
        thread.cancel(cancelledThrough);
        goOn.countDown();
        Message.Answer answer = answers.poll(10, TimeUnit.SECONDS);
        asked.add(Optional.empty());
        thread.join(1000);
        assertEquals(id, answer.id());
        return answer.reply();
    }

    /** Signals come on a line of their own, so one can arrive after the request that followed what it was meant for. */
    @Test
    void aLateCancellationLeavesTheNextRequestAlone() throws Exception {
        assertEquals(new Reply.Done(new MemoryUse(0, Map.of())), replyTo(5, 4));
    }

    @Test
    void aCancellationStopsTheRequestThatItIsMeantFor() throws Exception {
        assertEquals(new Reply.Cancelled(0), replyTo(5, 5));
    }

    @Test
    void aCancellationThatComesBeforeItsRequestStopsIt() throws Exception {
        ComputeThread thread = start();
        thread.cancel(3);
        goOn.countDown();
        asked.add(Optional.of(new Message.Ask(3, new Request.Warm())));
        assertEquals(new Reply.Cancelled(0), answers.poll(10, TimeUnit.SECONDS).reply());
        asked.add(Optional.empty());
        thread.join(1000);
    }

    /** A thread that a user's cell has started can do so at any time; requests then came to nobody, and the worker was lost. */
    @Test
    void anInterruptBetweenRequestsIsNotHeard() throws Exception {
        ComputeThread thread = start();
        goOn.countDown();
        for (long id = 1; id <= 3; id++) {
            asked.add(Optional.of(new Message.Ask(id, new Request.Warm())));
            assertEquals(
                    new Message.Answer(id, new Reply.Done(new MemoryUse(0, Map.of())), 0, 0),
                    answers.poll(10, TimeUnit.SECONDS));
            computing.join().interrupt();
        }
        asked.add(Optional.empty());
        thread.join(1000);
    }
}
