package io.shardlab.run;

import io.shardlab.engine.Engine;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The engine of one rank, loaded by the first request that needs it. */
final class RankEngine implements AutoCloseable {

    /** Held here, because a logger that nobody holds forgets its level. */
    private static final Logger DJL_LOG = Logger.getLogger("ai.djl");

    private final Rank rank;
    private @Nullable Engine engine;

    RankEngine(Rank rank) {
        this.rank = rank;
    }

    /** Loads the engine while the other workers start; a failure is told by the first request that needs it. */
    void loadEarly() {
        try {
            get();
            rank.enter("idle", "");
        } catch (RuntimeException | LinkageError e) {
            rank.enter("idle", "engine not loaded: " + e.getMessage());
        }
    }

    Engine get() {
        Engine known = engine;
        if (known == null) {
            rank.enter("loading engine", "");
            DJL_LOG.setLevel(Level.WARNING);
            known = Engine.djl(rank.seat().device(), rank.seat().threads());
            rank.page().engine(known.version());
            known.betweenProducts(rank.transport()::progress);
            engine = known;
            rank.meter().markBaseline();
        }
        return known;
    }

    /** Gives back memory that nothing uses, and counts from here on what a plan takes. */
    void trim() {
        get().trimMemory();
        rank.meter().markBaseline();
        rank.meter().resetHighWater();
    }

    /** Takes in a user's block; the first rank finds what it consists of, for all. */
    Reply describe(Request.Describe request) {
        get().define(request.code());
        if (rank.number() > 0) {
            return new Reply.Described(List.of(), Optional.empty());
        }
        rank.enter("describing", request.code().id());
        try {
            return new Reply.Described(get().describe(request.code().id(), request.sample()), Optional.empty());
        } catch (IllegalArgumentException e) {
            return new Reply.Described(List.of(), Optional.of(String.valueOf(e.getMessage())));
        }
    }

    @Override
    public void close() {
        Engine known = engine;
        if (known != null) {
            known.close();
        }
    }
}
