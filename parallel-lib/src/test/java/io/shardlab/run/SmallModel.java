package io.shardlab.run;

import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
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
        ModelSpec model =
                new ModelSpec("small", VOCABULARY, 16, 24, 3, 4, 2, 4, 10_000, 1e-5, true, 32, 0.1, Optional.empty());
        return Planner.plan(
                model, Scheme.parse(scheme), new Planner.Settings(type, new Plan.Workload(4, 8, 4), "1f1b", 3));
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
