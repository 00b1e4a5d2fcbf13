package io.shardlab.run;

import io.shardlab.cell.CellOutcome;
import io.shardlab.cell.CellSession;
import io.shardlab.cell.PlacedWeights;
import io.shardlab.cell.Surroundings;
import io.shardlab.comm.Communicator;
import io.shardlab.engine.UserArrays;
import io.shardlab.mesh.Group;
import io.shardlab.mesh.Mesh;
import io.shardlab.transport.Purpose;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The cells of one rank, between its requests: their session and the group in which they meet those of other ranks. */
final class RankCells implements AutoCloseable {

    private final Rank rank;
    private final RankEngine engine;
    private final RankPlan plan;
    private @Nullable Opened opened;

    /** What is open. */
    private record Opened(CellSession session, UserArrays arrays, Communicator world) {
        void close() {
            session.close();
            world.close();
        }
    }

    RankCells(Rank rank, RankEngine engine, RankPlan plan) {
        this.rank = rank;
        this.engine = engine;
        this.plan = plan;
    }

    /** Answers a request that is about cells; empty for another. */
    Optional<Reply> answer(Request request) throws IOException {
        if (request instanceof Request.OpenCells open) {
            return Optional.of(open(open));
        }
        if (request instanceof Request.Cell cell) {
            return Optional.of(new Reply.CellRan(run(cell)));
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
            throw new IllegalStateException("no cell has run on rank " + rank.number());
        }
        return known;
    }

    private Reply open(Request.OpenCells request) throws IOException {
        close();
        rank.enter("opening cells", "");
        UserArrays arrays = engine.get().userArrays();
        Communicator world = openGroup();
        CellSession session = new CellSession(
                rank.number(),
                rank.seat().device(),
                arrays,
                surroundings(Optional.empty(), arrays, world),
                request.prelude(),
                rank::enter);
        opened = new Opened(session, arrays, world);
        return new Reply.CellRan(session.learn(request.prelude()));
    }

    /** All ranks open it at the same time, so no cancellation may part them. */
    private Communicator openGroup() throws IOException {
        try {
            Communicator[] world = new Communicator[1];
            rank.guard().uninterrupted(() -> {
                try {
                    world[0] = Communicator.open(
                            rank.transport(), Group.world(rank.seat().numRanks()), Purpose.CONTROL);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            return new CountedCommunicator(world[0], "world", rank.recorder().traffic());
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private CellOutcome run(Request.Cell request) throws IOException {
        Opened here = opened();
        if (request.freshGroup()) {
            here.world().close();
            here = new Opened(here.session(), here.arrays(), openGroup());
            opened = here;
        }
        if (!request.ranks().contains(rank.number())) {
            return here.session().learn(request.program());
        }
        rank.enter("cell", "");
        rank.stop().enterUsersCode();
        try {
            return here.session()
                    .run(
                            request.program(),
                            surroundings(plan.here(), here.arrays(), here.world()),
                            request.pushed(),
                            thrown -> rank.stop().cancelled(),
                            RankCells::follows);
        } finally {
            rank.stop().leaveUsersCode();
        }
    }

    private static boolean follows(Throwable thrown) {
        return thrown instanceof StopSignal.ReleasedWait || thrown instanceof StopSignal.LostPeer;
    }

    private Surroundings surroundings(Optional<PlacedPlan> placed, UserArrays arrays, Communicator world) {
        Mesh mesh = placed.map(known -> known.plan().mesh())
                .orElse(new Mesh(1, 1, rank.seat().numRanks()));
        PlacedWeights model = placed.map(known -> new PlacedWeights(
                        known.shard(), known.at().tensor(), known.plan().type(), arrays))
                .orElse(null);
        return new Surroundings(mesh, model, world);
    }

    private Reply pull(Request.Pull request) {
        if (!request.ranks().contains(rank.number())) {
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
