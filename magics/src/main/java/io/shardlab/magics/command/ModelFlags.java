package io.shardlab.magics.command;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code MODEL}, how it is laid out and what it is judged against: what plan and place have in common. */
final class ModelFlags {

    @Parameters(
            paramLabel = "MODEL",
            description = "a preset (%%shard models), a folder with config.json or a %%%%shard model of this notebook")
    String model = "";

    @Mixin
    PlacementFlags placement = new PlacementFlags();

    @Mixin
    PricingFlags pricing = new PricingFlags();

    PlanOptions read() {
        return placement.read(model, pricing);
    }
}
