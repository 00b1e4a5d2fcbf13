package io.shardlab.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cluster.ClusterSpec;
import io.shardlab.mesh.Link;
import io.shardlab.plan.Plan;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.TrainSettings;
import io.shardlab.tensor.TensorType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Workers that a simulated link joins compute the same bits, only later. */
final class WorkerLinkTest {

    private static final Link SLOW = new Link(1e9, 3_000_000);

    @TempDir
    Path folder;

    @Test
    void aLinkDelaysWorkersAndChangesNoBit() throws Exception {
        Path tokens = Lab.tokens(folder.resolve("tokens.bin"), 2000);
        List<List<Double>> losses = new ArrayList<>();
        List<Long> latencies = new ArrayList<>();
        for (ClusterSpec spec :
                List.of(ClusterSpec.cpu(2, 2), ClusterSpec.cpu(2, 2).withLink(SLOW))) {
            try (Lab lab = Lab.start(folder.resolve("home"), spec, event -> {})) {
                Reply.Measured measured =
                        (Reply.Measured) lab.run(new Request.Measure()).get(0);
                latencies.add(measured.latencyNanos());
                for (String scheme : List.of("tp=2", "pp=2")) {
                    Plan plan = Lab.plan(scheme, TensorType.FLOAT32, 2);
                    lab.run(new Request.Place(plan, Optional.empty()));
                    losses.add(lab.losses(plan, TrainSettings.DEFAULT.withSteps(3), tokens));
                }
            }
        }
        assertEquals(losses.get(0), losses.get(2), "tp=2");
        assertEquals(losses.get(1), losses.get(3), "pp=2");
        assertEquals(3, losses.get(0).size());
        assertTrue(latencies.get(1) >= SLOW.latencyNanos(), "measured " + latencies);
    }
}
