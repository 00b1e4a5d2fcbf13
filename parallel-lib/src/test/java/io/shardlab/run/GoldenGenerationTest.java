package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.plan.Json;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Greedily generated tokens are those of an independent PyTorch decoder (tests/golden), on every rank. */
final class GoldenGenerationTest {

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            plain  | single
            plain  | tp=2
            plain  | pp=2
            plain  | tp=2,pp=2
            gqa    | single
            gqa    | tp=2
            gqa    | pp=2
            gqa    | tp=2,pp=2
            untied | tp=2,pp=2
            wide   | tp=2
            odd    | pp=3
            odd    | tp=2 --uneven
            plain  | tp=2,pp=2 --sp
            """)
    void tokensEqualPyTorch(String name, String scheme) throws IOException {
        tokensEqualPyTorch(name, scheme, 1);
    }

    /** Stages run in the order of the model, on whichever ranks they are. */
    @ParameterizedTest(name = "{0} {1} with 2 stages per rank")
    @CsvSource(
            delimiter = '|',
            textBlock = """
            plain  | pp=2
            untied | tp=2,pp=2
            """)
    void tokensOfSeveralStagesPerRankEqualPyTorch(String name, String scheme) throws IOException {
        tokensEqualPyTorch(name, scheme, 2);
    }

    /** Ranks of the first stage wait for the last one's token, tensor ranks exchange parts, one device does neither. */
    @Test
    void theTimeOfTokensIsTakenApart() {
        assertEquals(0, times("single").get(0).waitingNanos());
        for (Reply.GenerationTime tensor : times("tp=2")) {
            assertTrue(tensor.communicationNanos() > 0);
            assertEquals(0, tensor.waitingNanos());
        }
        for (Reply.GenerationTime pipelined : times("pp=2")) {
            assertTrue(pipelined.waitingNanos() > 0);
            assertTrue(pipelined.communicationNanos() > 0);
            assertTrue(
                    pipelined.waitingNanos() + pipelined.communicationNanos() < pipelined.totalNanos(),
                    pipelined.toString());
        }
    }

    private static List<Reply.GenerationTime> times(String scheme) {
        Plan plan = SmallModel.plan(scheme, TensorType.FLOAT32);
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            return ranks.demand(new Request.Infer(List.of(1, 2), 4), (rank, event) -> {}).stream()
                    .map(reply -> ((Reply.Generated) reply).time())
                    .toList();
        }
    }

    private static void tokensEqualPyTorch(String name, String scheme, int chunks) throws IOException {
        Path folder = Path.of("..", "tests", "golden", name);
        JsonNode expected =
                Json.mapper().readTree(folder.resolve("expected.json").toFile()).path("generation");
        Plan plan = Planner.plan(
                ModelSpec.read(folder),
                Scheme.parse(scheme.split(" ", -1)[0]),
                new Planner.Settings(
                        TensorType.FLOAT64,
                        new Plan.Workload(4, 16, 2),
                        chunks > 1 ? "interleaved" : "1f1b",
                        0,
                        GoldenLossTest.options(scheme).withChunks(chunks)));
        List<Integer> tokens = integers(expected.path("tokens"));
        assertEquals(32, tokens.size());
        List<Integer> streamed = new ArrayList<>();
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(new Request.Place(plan, Optional.of(folder.toString())), (rank, event) -> {});
            Request infer = new Request.Infer(integers(expected.path("promptTokens")), 32);
            List<Reply> replies = ranks.demand(infer, (rank, event) -> {
                if (event instanceof Event.Token token) {
                    streamed.add(token.id());
                }
            });
            for (Reply reply : replies) {
                assertEquals(tokens, ((Reply.Generated) reply).tokens());
            }
        }
        assertEquals(tokens, streamed);
    }

    private static List<Integer> integers(JsonNode array) {
        return array.valueStream().map(JsonNode::asInt).toList();
    }
}
