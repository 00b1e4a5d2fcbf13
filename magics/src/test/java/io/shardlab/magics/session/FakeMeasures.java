package io.shardlab.magics.session;

import io.shardlab.magics.backend.Measures;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.WorkloadChoice;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.Timeline;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Memory, traffic and timelines that are the same every time. */
final class FakeMeasures implements Measures {

    private final FakeBackend backend;

    FakeMeasures(FakeBackend backend) {
        this.backend = backend;
    }

    @Override
    public List<MemoryRow> memory(boolean resetHighWater) {
        return memoryRows(
                backend.placed == null ? FakePlanner.make(PlanOptions.of("tiny", Scheme.SINGLE)) : backend.placed);
    }

    static List<MemoryRow> memoryRows(Plan plan) {
        List<MemoryRow> rows = new ArrayList<>();
        for (int rank = 0; rank < plan.mesh().size(); rank++) {
            rows.add(new MemoryRow(
                    rank,
                    plan.mesh().role(rank),
                    "cpu:" + rank,
                    use(rank),
                    Optional.of(use(rank)),
                    OptionalLong.empty()));
        }
        return rows;
    }

    static MemoryUse use(int rank) {
        return new MemoryUse(
                rank,
                Map.of(
                        MemoryCategory.WEIGHTS, 40L << 20,
                        MemoryCategory.GRADIENTS, 40L << 20,
                        MemoryCategory.OPTIMIZER, 80L << 20,
                        MemoryCategory.ACTIVATIONS, (60L - 12 * rank) << 20,
                        MemoryCategory.COMMUNICATION, 4L << 20,
                        MemoryCategory.HEAP, 24L << 20,
                        MemoryCategory.OTHER, 120L << 20));
    }

    @Override
    public List<TrafficRow> traffic(boolean reset) {
        return List.of(
                new TrafficRow(0, "tp=0", List.of(0L, 3L << 20), Map.of("all_reduce", 2L << 20, "send", 1L << 20)),
                new TrafficRow(1, "tp=1", List.of(2L << 20, 0L), Map.of("all_reduce", 2L << 20)));
    }

    @Override
    public Timeline timeline(OptionalInt step, boolean predicted) {
        if (step.orElse(0) > 100) {
            throw new IllegalArgumentException("step " + step.getAsInt() + " was not run; allowed: 0 to 100");
        }
        return FakePlans.timeline(
                FakePlans.tiny(
                        new Scheme(1, 2, 2), WorkloadChoice.of(8, 64, 4).forModel(512, new Scheme(1, 2, 2)), "1f1b"),
                step.orElse(19),
                predicted);
    }
}
