package io.shardlab.magics.command;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code [MODEL]} and how to lay it out, else the placed one: what train, infer and check have in common. */
final class PlacedModelFlags {

    @Parameters(arity = "0..1", paramLabel = "MODEL", description = "placed first unless it is placed already")
    @Nullable
    String model;

    @Mixin
    PlacementFlags placement = new PlacementFlags();

    /** The placement that the verb asks for, if it names a model. */
    Optional<PlanOptions> read(String verb) {
        return placement.readOptional(model, verb);
    }

    /** What is said of batch, length, micro-batches and schedule, also for the placed model. */
    WorkloadChoice workload() {
        return placement.workload.read();
    }
}
