package io.shardlab.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.shardlab.cost.Simulator;
import io.shardlab.cost.StageCosts;
import io.shardlab.plan.Json;
import io.shardlab.plan.Schedule;
import io.shardlab.schedule.GPipe;
import io.shardlab.schedule.Lowering;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilesOfARunTest {

    @TempDir
    private Path folder = Path.of("");

    @Test
    void theChromeTraceHoldsEverySpanInMicroseconds() throws IOException {
        Schedule schedule = Lowering.lower(new GPipe().schedule(2, 2), 1);
        Timeline timeline = Simulator.simulate(schedule, StageCosts.equal(2, 1_500, 3_000));
        Path file = folder.resolve("trace.json");
        ChromeTrace.write(timeline, List.of("pp=0", "pp=1"), file);
        JsonNode events = Json.mapper().readTree(file.toFile()).get("traceEvents");
        List<String> names = new ArrayList<>();
        List<String> spans = new ArrayList<>();
        for (JsonNode event : events) {
            if (event.get("ph").asText().equals("M")) {
                names.add(event.get("args").get("name").asText());
            } else {
                spans.add(event.get("pid") + " " + event.get("name").asText() + " " + event.get("ts") + " "
                        + event.get("dur"));
            }
        }
        assertEquals(List.of("rank 0 (pp=0)", "predicted", "rank 1 (pp=1)", "predicted"), names);
        assertEquals(timeline.spans().size(), spans.size());
        assertEquals("0 0F0 0.0 1.5", spans.get(0));
        assertEquals("1 1B1 7.5 3.0", spans.get(spans.size() - 2));
    }

    @Test
    void aMetricsLineHasThePromisedNamesAndFullPrecision() throws IOException {
        StepMetrics metrics = new StepMetrics(3, 0.1 + 0.2, 1.5, 1e-3, 12.25, 5000);
        String line = Json.mapper().writeValueAsString(metrics);
        assertEquals(
                "{\"step\":3,\"loss\":0.30000000000000004,\"gradNorm\":1.5,\"learningRate\":0.001,\"stepMillis\":12.25,"
                        + "\"tokensPerSecond\":5000.0}",
                line);
        assertEquals(metrics, Json.mapper().readValue(line, StepMetrics.class));
    }
}
