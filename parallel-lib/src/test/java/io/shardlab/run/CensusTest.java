package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cost.CommunicationEstimate;
import io.shardlab.mesh.Group;
import io.shardlab.model.BlockSpec;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.plan.LossFunction;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.PhaseTraffic;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What ranks send is what the plan says, collective by collective and phase by phase. */
final class CensusTest {

    private static final int STEPS = 3;

    @TempDir
    Path temporary;

    private static Plan plan(String scheme, int microbatches, String schedule, int zero) {
        ModelSpec model =
                new ModelSpec("census", 256, 48, 96, 4, 12, 12, 4, 10_000, 1e-5, true, 64, 0.05, Optional.empty());
        return Planner.plan(
                model,
                Scheme.parse(scheme),
                new Planner.Settings(
                        TensorType.FLOAT32,
                        new Plan.Workload(8, 16, microbatches),
                        schedule,
                        7,
                        Options.DEFAULT.withZero(zero)));
    }

    private Path tokens() throws Exception {
        ByteBuffer ids = ByteBuffer.allocate(4000 * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 4000; i++) {
            ids.putInt(i * 37 % 251);
        }
        return Files.write(temporary.resolve("tokens"), ids.array());
    }

    @ParameterizedTest(name = "{0} m={1} {2} zero={3}")
    @CsvSource({
        "single, 2, 1f1b, 0",
        "tp=2, 2, 1f1b, 0",
        "pp=2, 4, 1f1b, 0",
        "pp=3, 4, gpipe, 0",
        "tp=2;pp=2, 4, 1f1b, 0",
        "tp=3;pp=2, 2, gpipe, 0",
        "dp=2, 2, 1f1b, 0",
        "dp=2, 2, 1f1b, 1",
        "dp=2;pp=2, 2, 1f1b, 1",
        "dp=2;tp=2, 2, 1f1b, 0"
    })
    void everyCollectiveIsCountedInItsPhaseAsThePlanSays(String scheme, int microbatches, String schedule, int zero)
            throws Exception {
        Plan plan = plan(scheme.replace(';', ','), microbatches, schedule, zero);
        requireCounted(plan, Optional.empty(), tokens());
    }

    @ParameterizedTest(name = "{0} m={1} zero={2}")
    @CsvSource({"tp=2, 2, 0", "pp=2, 2, 0", "pp=3, 4, 0", "tp=2;pp=2, 4, 0", "dp=2, 1, 1", "dp=2;tp=2;pp=2, 2, 0"})
    void theValuesOfUsersBlocksAreCountedWithTheirOwnShapes(String scheme, int microbatches, int zero)
            throws Exception {
        BlockSpec model = UserBlock.spec("cnn", UserBlock.CNN, LossFunction.CROSS_ENTROPY);
        Plan plan = model.plan(
                Scheme.parse(scheme.replace(';', ',')),
                new Planner.Settings(
                        TensorType.FLOAT32,
                        new Plan.Workload(8, 1, microbatches),
                        "1f1b",
                        7,
                        Options.DEFAULT.withZero(zero)));
        Request known = new Request.Describe(model.code(), model.input());
        requireCounted(plan, Optional.of(known), UserBlock.samples(temporary.resolve("samples"), 21));
    }

    private static void requireCounted(Plan plan, Optional<Request> before, Path samples) {
        try (RankThreads ranks = new RankThreads(plan.mesh().size())) {
            before.ifPresent(ranks::execute);
            ranks.execute(new Request.Place(plan, Optional.empty()));
            ranks.execute(new Request.Traffic(true));
            TrainSettings settings = TrainSettings.DEFAULT.withSteps(STEPS);
            List<Reply> replies = ranks.execute(new Request.Train(plan, settings, samples.toString(), 0));
            List<Reply> sent = ranks.execute(new Request.Traffic(true));
            for (int rank = 0; rank < plan.mesh().size(); rank++) {
                Map<String, Reply.Traffic> expected = new HashMap<>();
                for (PhaseTraffic traffic : CommunicationEstimate.of(plan).phases()) {
                    if (traffic.rank() == rank) {
                        expected.put(
                                traffic.heading(), new Reply.Traffic(STEPS * traffic.count(), STEPS * traffic.bytes()));
                    }
                }
                Map<String, Reply.Traffic> counted = ((Reply.Trained) replies.get(rank)).traffic();
                assertEquals(expected, counted, "rank " + rank);
                assertEquals(
                        counted.values().stream()
                                .mapToLong(Reply.Traffic::bytes)
                                .sum(),
                        total(((Reply.Sent) sent.get(rank)).bytesTo()),
                        "what goes to the others is what is sent");
            }
            assertTrue(plan.mesh().size() == 1 || total(((Reply.Sent) sent.get(0)).bytesTo()) > 0);
            for (Reply after : ranks.execute(new Request.Traffic(false))) {
                assertEquals(Map.of(), ((Reply.Sent) after).bytesTo(), "a reset starts again");
            }
        }
    }

    private static long total(Map<String, Map<Integer, Long>> bytesTo) {
        return bytesTo.values().stream()
                .flatMap(bytes -> bytes.values().stream())
                .mapToLong(Long::longValue)
                .sum();
    }

    /** The split vocabulary adds a sum after the embedding, one before the head on the way back, and the loss's gather. */
    @Test
    void aTensorStepSumsTwiceEachWayPerLayerAndOnceAtTheEndsOfTheModel() {
        Map<String, Long> calls = new HashMap<>();
        for (PhaseTraffic traffic :
                CommunicationEstimate.of(plan("tp=2", 2, "1f1b", 0)).phases()) {
            if (traffic.rank() == 0) {
                calls.put(traffic.heading(), traffic.count());
            }
        }
        long microbatches = 2;
        long perPass = (4 * 2 + 1) * microbatches;
        assertEquals(
                Map.of(
                        "forward tp all_reduce", perPass,
                        "backward tp all_reduce", perPass,
                        "forward tp all_gather", microbatches,
                        "commit mesh all_reduce", 1L),
                calls);
    }

    @Test
    void bytesOfACollectiveAreSharedOutOverTheOthersWithoutARest() {
        TrafficCount count = new TrafficCount();
        count.collective(new Group("g", List.of(4, 6, 7, 9)), 2, "tp", "all_reduce", 100);
        assertEquals(Map.of("all_reduce", Map.of(4, 33L, 6, 33L, 9, 34L)), count.sentTo());
    }
}
