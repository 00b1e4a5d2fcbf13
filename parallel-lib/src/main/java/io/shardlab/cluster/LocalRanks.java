package io.shardlab.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.shardlab.run.Event;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.Seat;
import io.shardlab.run.StatusPage;
import io.shardlab.run.StopSignal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Ranks that are threads of this JVM: the same requests, replies and events as a {@link Cluster}, without processes. For tests
 * of numerics and for small models; a native crash here is a crash of everything.
 */
public final class LocalRanks implements Workers {

    private static final long CLOSE_MILLIS = 5000;

    private final List<Rank> ranks = new ArrayList<>();
    private final JobFolder folder;
    private final OrderlyListener listener;
    private final AtomicLong lastId = new AtomicLong();
    private final Map<Long, PendingCall> pending = new ConcurrentHashMap<>();
    private boolean closed;

    /** @param asked empty at the end */
    private record Rank(
            Seat seat,
            StopSignal stop,
            StatusPage page,
            BlockingQueue<Optional<Message.Ask>> asked,
            ComputeThread thread) {}

    private LocalRanks(JobFolder folder, Consumer<WorkerEvent> listener) {
        this.folder = folder;
        this.listener = new OrderlyListener(listener);
    }

    /** Starts one thread per device; {@code source} is asked for an executor on each. */
    public static LocalRanks start(ClusterSpec spec, Path home, ExecutorSource source, Consumer<WorkerEvent> listener)
            throws IOException {
        JobFolder folder = JobFolder.create(
                JobFolder.Places.of(home, System.getenv()), text -> listener.accept(new WorkerEvent.Warned(text)));
        LocalRanks all = new LocalRanks(folder, listener);
        for (int rank = 0; rank < spec.numWorkers(); rank++) {
            all.ranks.add(all.open(spec, rank, source));
        }
        return all;
    }

    private Rank open(ClusterSpec spec, int rank, ExecutorSource source) {
        Seat seat = new Seat(
                rank,
                spec.numWorkers(),
                spec.devices().get(rank),
                spec.threads(),
                folder.folder(),
                folder.shared(),
                spec.timeout(),
                spec.link());
        StopSignal stop = new StopSignal();
        StatusPage page = StatusPage.inMemory();
        BlockingQueue<Optional<Message.Ask>> asked = new LinkedBlockingQueue<>();
        return new Rank(
                seat, stop, page, asked, new ComputeThread(seat, source, stop, page, asked::take, new Voice(rank)));
    }

    /** What a rank says, on its own thread. */
    private final class Voice implements ComputeThread.Mouth {

        private final int rank;

        Voice(int rank) {
            this.rank = rank;
        }

        @Override
        public void say(Event event) {
            listener.tell(new WorkerEvent.Said(rank, event));
            if (event instanceof Event.Failing) {
                cancel();
            }
        }

        @Override
        public void answer(long id, Reply reply) throws JsonProcessingException {
            new Message.Answer(id, reply, 0, 0).encode(); // As between processes, where it must have a form.
            listener.tell(new WorkerEvent.Answered(rank, reply));
            PendingCall call = pending.get(id);
            if (call == null) {
                return;
            }
            boolean complete;
            boolean cellFailed;
            synchronized (call) {
                complete = call.answered(rank, reply);
                cellFailed = call.cellFailed();
            }
            if (complete) {
                pending.remove(id);
                call.complete();
            } else if (reply instanceof Reply.Failed failed && !failed.consequence()) {
                cancel(); // The others may wait for this rank.
            } else if (cellFailed) {
                ranks.forEach(other -> other.thread().release(id));
            }
        }
    }

    @Override
    public int numRanks() {
        return ranks.size();
    }

    @Override
    public synchronized CompletableFuture<List<Reply>> submit(Request request) {
        PendingCall call = new PendingCall(request, ranks.size());
        if (closed) {
            call.fail(new ClusterFailure("the ranks are stopped; start them again to go on"));
            return call.future();
        }
        long id = lastId.incrementAndGet();
        pending.put(id, call);
        ranks.forEach(rank -> rank.asked().add(Optional.of(new Message.Ask(id, request))));
        return call.future();
    }

    @Override
    public void cancel() {
        long through = lastId.get();
        ranks.forEach(rank -> rank.thread().cancel(through));
    }

    @Override
    public List<WorkerStatus> status() {
        long pid = ProcessHandle.current().pid();
        ProcessUse use = ProcessUse.of(pid);
        WorkerStatus.State state = closed
                ? WorkerStatus.State.DEAD
                : pending.isEmpty() ? WorkerStatus.State.READY : WorkerStatus.State.BUSY;
        return ranks.stream()
                .map(rank -> new WorkerStatus(
                        rank.seat().rank(),
                        pid,
                        rank.seat().device(),
                        state,
                        rank.page().read(),
                        use.rssBytes(),
                        use.peakRssBytes(),
                        Optional.empty(),
                        Optional.empty(),
                        0))
                .toList();
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        ClusterFailure stopped = new ClusterFailure("the ranks were stopped before they had answered");
        List.copyOf(pending.values()).forEach(call -> call.fail(stopped));
        ranks.forEach(rank -> {
            rank.stop().abort("the ranks are being stopped");
            rank.asked().add(Optional.empty());
        });
        try {
            for (Rank rank : ranks) {
                rank.thread().join(CLOSE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            folder.close();
        } catch (IOException e) {
            listener.tell(new WorkerEvent.Warned("could not remove all files of the ranks: " + e));
        }
    }
}
