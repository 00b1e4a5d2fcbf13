package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.parity.Shards;
import io.shardlab.plan.Plan;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.MemoryCategory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes wrong in a run is said in words, and weights and group stay usable. */
final class FailedRunTest {

    @TempDir
    Path folder;

    private static Request.Train train(Plan plan, Path tokens, int firstStep, int steps) {
        return new Request.Train(plan, TrainSettings.DEFAULT.withSteps(steps), tokens.toString(), firstStep);
    }

    private static List<Double> losses(RankThreads ranks, Request.Train train) {
        List<Double> losses = new ArrayList<>();
        ranks.demand(train, (rank, event) -> {
            if (event instanceof Event.StepDone step) {
                losses.add(step.metrics().loss());
            }
        });
        return losses;
    }

    private static String onlyFailure(List<Reply> replies) {
        List<Reply.Failed> failed = replies.stream()
                .filter(Reply.Failed.class::isInstance)
                .map(Reply.Failed.class::cast)
                .toList();
        assertTrue(!failed.isEmpty(), replies::toString);
        for (Reply reply : replies) {
            if (reply instanceof Reply.Failed other) {
                assertEquals(failed.get(0).message(), other.message());
                assertEquals(failed.get(0).type(), other.type());
            } else {
                // Told to stop because a peer failed.
                assertInstanceOf(Reply.Cancelled.class, reply);
            }
        }
        return failed.get(0).message();
    }

    /**
     * A rank that alone could not go on used to answer at once; the others, told to stop, went to the step's agreement and
     * waited there for it until they were killed as unresponsive, and the group and its weights were lost.
     */
    @ParameterizedTest
    @ValueSource(strings = {"single", "tp=2", "pp=2", "pp=3", "tp=2,pp=2", "dp=2", "dp=2,pp=2"})
    void aTokenOutsideTheVocabularyStopsTheRunAndTheWeightsStay(String scheme) throws IOException {
        Plan plan = SmallModel.plan(scheme, TensorType.FLOAT64);
        Path good = SmallModel.tokens(folder.resolve("good.bin"));
        // Step 3 begins at token 96; the strange one is in its third micro-batch.
        Path bad = SmallModel.tokens(folder.resolve("bad.bin"), 5000, 116, 64);
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            List<Double> undisturbed = losses(ranks, train(plan, good, 0, 6));
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});

            List<Reply> replies = ranks.execute(train(plan, bad, 0, 6));
            assertEquals(
                    "token 64 at position 116 of " + bad + " is outside the vocabulary of 64", onlyFailure(replies));
            for (Reply reply : replies) {
                if (reply instanceof Reply.Cancelled cancelled) {
                    assertEquals(3, cancelled.stepsDone());
                } else {
                    assertEquals("forward, step 3", ((Reply.Failed) reply).where());
                }
            }
            ranks.clearStops();
            assertEquals(undisturbed.subList(3, 6), losses(ranks, train(plan, good, 3, 3)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"single", "tp=2,pp=2", "pp=3"})
    void aTextTooShortForTheSequenceIsRefusedWithWhatWouldFit(String scheme) throws IOException {
        Plan plan = SmallModel.plan(scheme, TensorType.FLOAT32);
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            Path tokens = SmallModel.tokens(folder.resolve("short.bin"), 9, -1, 0);
            assertEquals(
                    "seq 8 is too long for 9 tokens of text; at most 7",
                    onlyFailure(ranks.execute(train(plan, tokens, 0, 2))));
            ranks.clearStops();
            String missing = onlyFailure(ranks.execute(train(plan, folder.resolve("none.bin"), 0, 2)));
            assertTrue(missing.contains("cannot read tokens") && missing.contains("none.bin"), missing);
            ranks.clearStops();
            // One token more is enough: every sequence starts at token 0.
            Path enough = SmallModel.tokens(folder.resolve("enough.bin"), 10, -1, 0);
            assertEquals(2, losses(ranks, train(plan, enough, 0, 2)).size());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"single", "tp=2", "pp=2", "tp=2,pp=2", "dp=2", "dp=2,tp=2"})
    void weightsThatAreNotNumbersFailOnAllRanksWithOneMessage(String scheme) throws IOException {
        Plan plan = SmallModel.plan(scheme, TensorType.FLOAT32);
        Path tokens = SmallModel.tokens(folder.resolve("tokens.bin"));
        Path dumped = folder.resolve("dumped");
        Path whole = folder.resolve("whole");
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            ranks.demand(new Request.Dump(dumped.toString()), (rank, event) -> {});
            Shards.join(plan, dumped, whole);
            Path file = whole.resolve("model.safetensors");
            byte[] bytes = Files.readAllBytes(file);
            // The last four bytes are the final norm's.
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(bytes.length - 4, Float.NaN);
            Files.write(file, bytes);
            ranks.demand(new Request.Place(plan, Optional.of(whole.toString())), (rank, event) -> {});
            List<Reply> replies = ranks.execute(train(plan, tokens, 5, 2));
            replies.forEach(reply -> assertInstanceOf(Reply.Failed.class, reply));
            String message = onlyFailure(replies);
            assertEquals("optimizer, step 5", ((Reply.Failed) replies.get(0)).where());
            // The same is found on every data rank; the first is named.
            int last = (plan.mesh().pipeline() - 1) * plan.mesh().tensor();
            // Where the vocabulary is split, the final norm stands before the head.
            String segment = plan.mesh().tensor() > 1 ? "norm" : "head";
            assertEquals(
                    "step 5: the output of " + segment + " is not finite on rank " + last + " ("
                            + plan.mesh().role(last)
                            + "); loss NaN, gradient norm NaN. The weights are those of the step before, which may be far off already:"
                            + " place or load the model anew and try a lower --lr or --clip",
                    message);
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            assertEquals(2, losses(ranks, train(plan, tokens, 0, 2)).size());
        }
    }

    @Test
    void aRequestBeforeAnythingIsPlacedSaysSo() {
        try (RankThreads ranks = new RankThreads(2)) {
            for (int request = 0; request < 2; request++) {
                Reply.Failed failed = assertInstanceOf(
                        Reply.Failed.class,
                        ranks.execute(new Request.Infer(List.of(1), 3)).get(1));
                assertEquals("nothing is placed on rank 1", failed.message());
                assertEquals("", failed.where(), "request " + request);
            }
        }
    }

    /** After a comparison the workers held the weights and gradients of its last scheme. */
    @Test
    void whatIsClearedTakesNoMemoryAndSomethingElseCanBePlaced() {
        Plan plan = SmallModel.plan("tp=2", TensorType.FLOAT32);
        try (RankThreads ranks = new RankThreads(2)) {
            for (Reply reply : ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {})) {
                assertTrue(bytes(reply, MemoryCategory.WEIGHTS) > 0);
            }
            for (Reply reply : ranks.demand(new Request.Clear(), (rank, event) -> {})) {
                assertEquals(0, bytes(reply, MemoryCategory.WEIGHTS));
            }
            assertInstanceOf(
                    Reply.Failed.class,
                    ranks.execute(new Request.Infer(List.of(1), 3)).get(1));
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            ranks.demand(new Request.Infer(List.of(1), 3), (rank, event) -> {});
        }
    }

    private static long bytes(Reply reply, MemoryCategory category) {
        return ((Reply.Done) reply).memory().bytes().getOrDefault(category, 0L);
    }

    /** Spare ranks used to fail at inference, for nothing was placed on them, and so stopped the others. */
    @Test
    void ranksThatThePlanDoesNotNeedAnswerAndDisturbNothing() throws IOException {
        Plan plan = SmallModel.plan("tp=2", TensorType.FLOAT32);
        Path tokens = SmallModel.tokens(folder.resolve("tokens.bin"));
        try (RankThreads ranks = new RankThreads(3)) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            assertEquals(2, losses(ranks, train(plan, tokens, 0, 2)).size());
            List<Reply> replies = ranks.demand(new Request.Infer(List.of(1, 2), 4), (rank, event) -> {});
            assertEquals(4, ((Reply.Generated) replies.get(1)).tokens().size());
            assertEquals(List.of(), ((Reply.Generated) replies.get(2)).tokens());
            ranks.demand(new Request.Dump(folder.resolve("dumped").toString()), (rank, event) -> {});
            assertTrue(Files.exists(folder.resolve("dumped").resolve("rank-1.safetensors")));
            assertTrue(Files.notExists(folder.resolve("dumped").resolve("rank-2.safetensors")));
        }
    }

    @Test
    void trainingBeforeAnythingIsPlacedSaysSo() throws IOException {
        Plan plan = SmallModel.plan("single", TensorType.FLOAT32);
        try (RankThreads ranks = new RankThreads(1)) {
            Path tokens = SmallModel.tokens(folder.resolve("tokens.bin"));
            assertEquals("nothing is placed on rank 0", onlyFailure(ranks.execute(train(plan, tokens, 0, 1))));
        }
    }

    @Test
    void aPromptOutsideTheVocabularyIsRefusedAndGenerationGoesOn() {
        Plan plan = SmallModel.plan("pp=2", TensorType.FLOAT32);
        try (RankThreads ranks = new RankThreads(2)) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            String message = onlyFailure(ranks.execute(new Request.Infer(List.of(1, 99), 3)));
            assertTrue(
                    message.contains("token 99 at position 1 of the prompt is outside the vocabulary of 64"), message);
            ranks.clearStops();
            assertInstanceOf(
                    Reply.Generated.class,
                    ranks.execute(new Request.Infer(List.of(1, 9), 3)).get(1));
        }
    }

    /** The last column of a projection down is held by the last tensor rank alone, whose partial sum is spoilt first. */
    @ParameterizedTest
    @CsvSource({"single, 0", "tp=2, 1", "'tp=2,pp=3', 3"})
    void theFirstSpoiltValueIsNamedWithItsRank(String scheme, int rank) throws IOException {
        Plan plan = SmallModel.plan(scheme, TensorType.FLOAT32);
        Path tokens = SmallModel.tokens(folder.resolve("tokens.bin"));
        Path weights = folder.resolve("weights");
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (r, event) -> {});
            ranks.demand(new Request.Dump(folder.resolve("dumped").toString()), (r, event) -> {});
            Shards.join(plan, folder.resolve("dumped"), weights);
            Path file = weights.resolve("model.safetensors");
            byte[] bytes = Files.readAllBytes(file);
            spoil(bytes, "model.layers.1.mlp.down_proj.weight");
            Files.write(file, bytes);
            ranks.demand(new Request.Place(plan, Optional.of(weights.toString())), (r, event) -> {});
            String message = onlyFailure(ranks.execute(train(plan, tokens, 12, 2)));
            String expected = "step 12: the output of layers.1.mlp is not finite on rank " + rank + " ("
                    + plan.mesh().role(rank) + ")";
            assertTrue(message.startsWith(expected), message);
        }
    }

    /** Makes a tensor's last element infinite. */
    private static void spoil(byte[] safetensors, String name) {
        ByteBuffer buffer = ByteBuffer.wrap(safetensors).order(ByteOrder.LITTLE_ENDIAN);
        int header = Math.toIntExact(buffer.getLong(0));
        String json = new String(safetensors, 8, header, StandardCharsets.UTF_8);
        Matcher end = Pattern.compile(
                        Pattern.quote(name) + "\"[^}]*\"data_offsets\"\\s*:\\s*\\[\\s*\\d+\\s*,\\s*(\\d+)")
                .matcher(json);
        assertTrue(end.find(), json);
        buffer.putFloat(8 + header + Integer.parseInt(end.group(1)) - 4, Float.POSITIVE_INFINITY);
    }
}
