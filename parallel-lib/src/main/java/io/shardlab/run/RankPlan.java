package io.shardlab.run;

import io.shardlab.plan.Plan;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import io.shardlab.weights.SafetensorsFolder;
import io.shardlab.weights.SeededWeights;
import io.shardlab.weights.WeightSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The plan that is placed on one rank, from the request that places it to the one that takes it away. */
final class RankPlan implements AutoCloseable {

    private final Rank rank;
    private final RankEngine engine;
    private @Nullable PlacedPlan placed;
    private boolean spare;

    RankPlan(Rank rank, RankEngine engine) {
        this.rank = rank;
        this.engine = engine;
    }

    void place(Request.Place request) throws IOException {
        close();
        spare = rank.number() >= request.plan().mesh().size();
        if (spare) {
            engine.trim(); // What the plan before it took is nobody's now.
            return;
        }
        rank.enter("placing", request.plan().model());
        engine.get().warmUp();
        engine.trim();
        placed = open(request.plan(), request.weights());
    }

    void clear() {
        spare = false;
        if (placed != null) {
            close();
            engine.trim();
        }
    }

    /** This rank's part of a plan, for the caller to close; weights from a safetensors folder, else from the plan's seed. */
    PlacedPlan open(Plan plan, Optional<String> folder) throws IOException {
        if (folder.isEmpty()) {
            return open(plan, new SeededWeights(plan.seed()));
        }
        try (SafetensorsFolder weights = SafetensorsFolder.open(Path.of(folder.get()))) {
            weights.verify(plan.parameters());
            return open(plan, weights);
        }
    }

    private PlacedPlan open(Plan plan, WeightSource weights) {
        return new PlacedPlan(
                plan, rank.number(), engine.get(), rank.transport(), weights, rank.recorder(), rank.stop());
    }

    /** Whether the placed plan needs fewer ranks than there are, and not this one. */
    boolean isSpare() {
        return spare;
    }

    Optional<PlacedPlan> here() {
        return Optional.ofNullable(placed);
    }

    /** @throws IllegalStateException if nothing is placed on this rank */
    PlacedPlan get() {
        return here().orElseThrow(() -> new IllegalStateException("nothing is placed on rank " + rank.number()));
    }

    /** What this rank's memory is used for now. */
    MemoryUse memory() {
        PlacedPlan here = placed;
        return here == null
                ? rank.meter().measure(new EnumMap<>(MemoryCategory.class), 0)
                : rank.meter().measure(here.shard().bytes(), here.communicationBytes());
    }

    @Override
    public void close() {
        PlacedPlan before = placed;
        placed = null;
        if (before != null) {
            before.close();
        }
    }
}
