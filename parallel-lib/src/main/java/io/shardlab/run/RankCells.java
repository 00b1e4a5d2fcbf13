package io.shardlab.run;

import io.shardlab.cell.CellOutcome;
import io.shardlab.cell.CellSession;
import io.shardlab.cell.PlacedWeights;
import io.shardlab.cell.Surroundings;
import io.shardlab.comm.Communicator;
import io.shardlab.engine.Engine;
import io.shardlab.engine.UserArrays;
import io.shardlab.mesh.Group;
import io.shardlab.mesh.Mesh;
import io.shardlab.transport.Purpose;
import io.shardlab.transport.Transport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The cells of one rank, between its requests: their session and the group in which they meet those of other ranks. */
final class RankCells implements AutoCloseable {

    private final Seat seat;
    private final StopSignal stop;
    private final StatusPage page;
    private final CommitGuard guard;
    private final Transport transport;
    private final TrafficCount traffic;
    private @Nullable Opened opened;

    /** What is open. */
    private record Opened(CellSession session, UserArrays arrays, Communicator world) {
        void close() {
            session.close();
            world.close();
        }
    }

    /** @param traffic counts what cells send, beside what plans send */
    RankCells(
            Seat seat, StopSignal stop, StatusPage page, CommitGuard guard, Transport transport, TrafficCount traffic) {
        this.seat = seat;
        this.stop = stop;
        this.page = page;
        this.guard = guard;
        this.transport = transport;
        this.traffic = traffic;
    }

    /** Answers a request that is about cells. */
    Optional<Reply> answer(Request request, Supplier<Engine> engine, Optional<PlacedPlan> placed) throws IOException {
        if (request instanceof Request.OpenCells open) {
            return Optional.of(open(open, engine.get()));
        }
        if (request instanceof Request.Cell cell) {
            return Optional.of(new Reply.CellRan(run(cell, placed)));
        }
        if (request instanceof Request.Variables variables) {
            return Optional.of(new Reply.Held(opened().session().variables(variables.fields())));
        }
        if (request instanceof Request.Pull pull) {
            return Optional.of(pull(pull));
        }
        return Optional.empty();
    }

    private Opened opened() {
        Opened known = opened;
        if (known == null) {
            throw new IllegalStateException("no cell has run on rank " + seat.rank());
        }
        return known;
    }

    private Reply open(Request.OpenCells request, Engine engine) throws IOException {
        close();
        page.enter("opening cells", "", -1);
        UserArrays arrays = engine.userArrays();
        Communicator world = openGroup();
        CellSession session = new CellSession(
                seat.rank(),
                seat.device(),
                arrays,
                surroundings(Optional.empty(), arrays, world),
                request.prelude(),
                (phase, action) -> page.enter(phase, action, -1));
        opened = new Opened(session, arrays, world);
        return new Reply.CellRan(session.learn(request.prelude()));
    }

    /** All ranks open it at the same time, so no cancellation may part them. */
    private Communicator openGroup() throws IOException {
        try {
            Communicator[] world = new Communicator[1];
            guard.uninterrupted(() -> {
                try {
                    world[0] = Communicator.open(transport, Group.world(seat.numRanks()), Purpose.CONTROL);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            return new CountedCommunicator(world[0], "world", traffic);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private CellOutcome run(Request.Cell request, Optional<PlacedPlan> placed) throws IOException {
        Opened here = opened();
        if (request.freshGroup()) {
            here.world().close();
            here = new Opened(here.session(), here.arrays(), openGroup());
            opened = here;
        }
        if (!request.ranks().contains(seat.rank())) {
            return here.session().learn(request.program());
        }
        page.enter("cell", "", -1);
        stop.enterUsersCode();
        try {
            return here.session()
                    .run(
                            request.program(),
                            surroundings(placed, here.arrays(), here.world()),
                            request.pushed(),
                            thrown -> stop.cancelled(),
                            RankCells::follows);
        } finally {
            stop.leaveUsersCode();
        }
    }

    private static boolean follows(Throwable thrown) {
        return thrown instanceof StopSignal.ReleasedWait || thrown instanceof StopSignal.LostPeer;
    }

    private Surroundings surroundings(Optional<PlacedPlan> placed, UserArrays arrays, Communicator world) {
        Mesh mesh = placed.map(plan -> plan.plan().mesh()).orElse(new Mesh(1, 1, seat.numRanks()));
        PlacedWeights model = placed.map(plan -> new PlacedWeights(
                        plan.shard(), plan.at().tensor(), plan.plan().type(), arrays))
                .orElse(null);
        return new Surroundings(mesh, model, world);
    }

    private Reply pull(Request.Pull request) {
        if (!request.ranks().contains(seat.rank())) {
            return new Reply.Pulled(Optional.empty(), Optional.empty());
        }
        try {
            return new Reply.Pulled(Optional.of(opened().session().pull(request.field())), Optional.empty());
        } catch (IllegalArgumentException e) {
            return new Reply.Pulled(Optional.empty(), Optional.of(String.valueOf(e.getMessage())));
        }
    }

    @Override
    public void close() {
        Opened before = opened;
        opened = null;
        if (before != null) {
            before.close();
        }
    }
}
