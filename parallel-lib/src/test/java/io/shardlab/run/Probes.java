package io.shardlab.run;

import io.shardlab.parity.Comparison;
import io.shardlab.plan.Plan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Runs that write down outputs, gradients and weights, all from the same seeded weights; those travel through a file, as a
 * user's would.
 */
record Probes(Path temporary, TrainSettings settings) {

    /** Runs both plans and compares what they wrote. */
    Comparison compare(Plan sharded, Plan single) throws IOException {
        return Comparison.of(sharded, run(sharded, "sharded", single), single, run(single, "single", single));
    }

    /**
     * Runs a plan; gives the folder of what its ranks wrote.
     *
     * @param name of the folder
     * @param seeded the same model on one device, from whose seed the first plan's weights are made
     */
    Path run(Plan plan, String name, Plan seeded) throws IOException {
        Path folder = temporary.resolve(name);
        Path weights = temporary.resolve("weights");
        if (!Files.exists(weights)) {
            try (RankThreads rank = new RankThreads(1)) {
                rank.demand(new Request.Place(seeded, Optional.empty()), (r, event) -> {});
                rank.demand(new Request.Dump(weights.toString()), (r, event) -> {});
            }
        }
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(
                    new Request.Probe(plan, settings, tokens().toString(), weights.toString(), folder.toString()),
                    (rank, event) -> {});
        }
        return folder;
    }

    /** Token ids below 250. */
    Path tokens() throws IOException {
        ByteBuffer ids = ByteBuffer.allocate(2000 * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 2000; i++) {
            ids.putInt((i * i + 31 * i) % 250);
        }
        return Files.write(temporary.resolve("tokens.bin"), ids.array());
    }
}
