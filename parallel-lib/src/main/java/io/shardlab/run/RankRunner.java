package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.mesh.Group;
import io.shardlab.transport.Purpose;
import io.shardlab.transport.SharedMemoryTransport;
import io.shardlab.transport.Transport;
import io.shardlab.transport.WaitPolicy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Executes requests on one rank. What lives between them lies in classes of its own: the engine, the placed plan and the cells,
 * of which the latter two also answer what is asked of them.
 */
public final class RankRunner implements RankExecutor {

    private static final int STACK_LINES = 12;

    private final Rank rank;
    private final RankEngine engine;
    private final RankPlan plan;
    private final PlanRequests plans;
    private final RankCells cells;

    private RankRunner(Rank rank) {
        this.rank = rank;
        engine = new RankEngine(rank);
        plan = new RankPlan(rank, engine);
        plans = new PlanRequests(rank, engine, plan);
        cells = new RankCells(rank, engine, plan);
    }

    /** A rank that is a process of its own. Called on the thread that will execute every request. */
    public static RankExecutor open(Seat seat, StopSignal stop, StatusPage page) {
        CommitGuard guard = new CommitGuard(stop);
        try {
            Transport transport = SharedMemoryTransport.open(
                    seat.sharedFolder(), seat.rank(), seat.numRanks(), waitPolicy(seat, guard), seat.link());
            RankRunner runner =
                    new RankRunner(new Rank(seat, stop, page, guard, transport, new MemoryMeter(seat.rank(), true)));
            runner.engine.loadEarly();
            return runner;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A rank that is a thread of this process. */
    public static RankExecutor open(Seat seat, StopSignal stop, StatusPage page, Connector connector) {
        CommitGuard guard = new CommitGuard(stop);
        Transport transport = connector.connect(waitPolicy(seat, guard));
        return new RankRunner(new Rank(seat, stop, page, guard, transport, new MemoryMeter(seat.rank(), false)));
    }

    /** Gives a rank its end of the data plane. */
    public interface Connector {
        Transport connect(WaitPolicy wait);
    }

    private static WaitPolicy waitPolicy(Seat seat, CommitGuard guard) {
        return WaitPolicy.forRanks(seat.numRanks(), seat.timeout(), guard::check);
    }

    @Override
    public Reply execute(Request request, Consumer<Event> events) {
        rank.recorder().clear();
        rank.guard().begin(events);
        // How the request before it ended is no part of this one.
        rank.enter("idle", "");
        try {
            Reply reply = dispatch(request, events);
            rank.enter("idle", "");
            return reply;
        } catch (StopSignal.CancelledRun e) {
            rank.enter("idle", "stopped");
            return new Reply.Cancelled(0);
        } catch (StopSignal.LostPeer e) {
            return failed(e, true);
        } catch (RuntimeException | IOException | Error e) {
            return failed(e, false);
        }
    }

    private Reply failed(Throwable e, boolean consequence) {
        StatusPage.Note note = rank.page().read();
        String where = note.phase().equals("idle") ? "" : note.where();
        rank.enter("failed", String.valueOf(e.getMessage()));
        String message = e.getMessage() == null ? e.toString() : e.getMessage();
        List<String> stack = Arrays.stream(e.getStackTrace())
                .limit(STACK_LINES)
                .map(StackTraceElement::toString)
                .toList();
        return new Reply.Failed(e.getClass().getSimpleName(), where, message, stack, consequence);
    }

    private Reply dispatch(Request request, Consumer<Event> events) throws IOException {
        // Cells first: theirs is the shortest way.
        Optional<Reply> ofCells = cells.answer(request);
        if (ofCells.isPresent()) {
            return ofCells.get();
        }
        Optional<Reply> ofPlans = plans.answer(request, events);
        if (ofPlans.isPresent()) {
            return ofPlans.get();
        }
        if (request instanceof Request.Warm) {
            return warm();
        }
        if (request instanceof Request.Measure) {
            return new Measurement(engine.get(), rank.transport(), rank.seat().numRanks()).run();
        }
        if (request instanceof Request.Describe describe) {
            return engine.describe(describe);
        }
        if (request instanceof Request.Traffic wanted) {
            return traffic(wanted);
        }
        if (request instanceof Request.Memory wanted) {
            return memory(wanted);
        }
        return print((Request.Print) request);
    }

    private Reply warm() throws IOException {
        engine.get();
        rank.enter("barrier", "all ranks");
        Group all = Group.world(rank.seat().numRanks());
        try (Communicator world = Communicator.open(rank.transport(), all, Purpose.CONTROL)) {
            rank.guard().uninterrupted(world::barrier);
        }
        rank.meter().markBaseline();
        return new Reply.Done(plan.memory());
    }

    private Reply traffic(Request.Traffic request) {
        TrafficCount traffic = rank.recorder().traffic();
        Reply sent = new Reply.Sent(traffic.sentTo());
        if (request.reset()) {
            traffic.reset();
        }
        return sent;
    }

    private Reply memory(Request.Memory request) {
        Reply done = new Reply.Done(plan.memory());
        if (request.resetHighWater()) {
            rank.meter().resetHighWater();
        }
        return done;
    }

    private Reply print(Request.Print request) {
        for (int i = 0; i < request.lines(); i++) {
            System.out.println("rank " + rank.number() + " line " + i);
        }
        return new Reply.Done(plan.memory());
    }

    /** How many arrays the engine keeps for the placed shard. */
    int numArrays() {
        return plan.get().shard().numArrays();
    }

    @Override
    public void close() {
        cells.close();
        plan.close();
        engine.close();
        try {
            rank.transport().close();
        } catch (UncheckedIOException e) {
            rank.enter("closed", String.valueOf(e.getMessage()));
            return;
        }
        rank.enter("closed", "");
    }
}
