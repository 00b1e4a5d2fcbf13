package io.shardlab.run;

import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A model of three layers whose training steps take milliseconds. */
final class SmallModel {

    static final int VOCABULARY = 64;

    private SmallModel() {}

    static Plan plan(String scheme, TensorType type) {
        return plan(scheme, type, Options.DEFAULT);
    }

    /** Micro-batches of one sequence: four, shared out to the data ranks. */
    static Plan plan(String scheme, TensorType type, Options options) {
        Scheme parsed = Scheme.parse(scheme);
        Plan.Workload workload = new Plan.Workload(4, 8, 4 / parsed.data());
        ModelSpec model =
                new ModelSpec("small", VOCABULARY, 16, 24, 3, 4, 2, 4, 10_000, 1e-5, true, 32, 0.1, Optional.empty());
        return Planner.plan(model, parsed, new Planner.Settings(type, workload, "1f1b", 3, options));
    }

    /** Token ids below the vocabulary, except {@code strange} at one place. */
    static Path tokens(Path file, int count, int place, int strange) throws IOException {
        ByteBuffer ids = ByteBuffer.allocate(count * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            ids.putInt(i == place ? strange : i * i % 61);
        }
        return Files.write(file, ids.array());
    }

    static Path tokens(Path file) throws IOException {
        return tokens(file, 5000, -1, 0);
    }
}
