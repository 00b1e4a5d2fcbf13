package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.plan.Json;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.DamagedFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A checkpoint holds the model, not the layout: any layout loads what any other saved, and training goes on as it would have. */
final class CheckpointTest {

    /** Warm-up, decay and clipping, so that a resumed run must know where it stands in each. */
    private static final TrainSettings SIX_STEPS =
            new TrainSettings(6, 3e-3, 0.1, 0.9, 0.95, 1e-8, 0.5, 2, true, true, 5);

    private static final int SAVED_AT = 3;
    private static final long SMALL_FILES = 12_000;

    @TempDir
    Path temporary;

    private static ModelSpec model(boolean tied, int vocabulary) {
        return model(4, 4, tied, vocabulary);
    }

    private static ModelSpec model(int heads, int kvHeads, boolean tied, int vocabulary) {
        return new ModelSpec(
                "checkpoint", vocabulary, 16, 24, 4, heads, kvHeads, 4, 10_000, 1e-5, tied, 32, 0.1, Optional.empty());
    }

    private static Plan plan(String scheme, TensorType type, boolean tied, int vocabulary, long seed) {
        // Data ranks split the optimizer's state, so that moments are saved and loaded in slices, too; three tensor
        // ranks
        // hold heads, columns and vocabulary in parts that are not equal.
        Options options =
                Options.DEFAULT.withZero(scheme.contains("dp") ? 1 : 0).withUneven(scheme.contains("tp=3"));
        return plan(model(tied, vocabulary), scheme, type, seed, options);
    }

    private static Plan plan(ModelSpec model, String scheme, TensorType type, long seed, Options options) {
        return Planner.plan(
                model,
                Scheme.parse(scheme),
                new Planner.Settings(type, new Plan.Workload(4, 8, 2), "1f1b", seed, options));
    }

    private Path tokens() throws IOException {
        return SmallModel.tokens(temporary.resolve("tokens.bin"));
    }

    private static List<Double> train(RankThreads ranks, Plan plan, Path tokens, int done, int until) {
        List<Double> losses = new ArrayList<>();
        ranks.demand(new Request.Train(plan, SIX_STEPS, tokens.toString(), 0, done, until), (rank, event) -> {
            if (event instanceof Event.StepDone step) {
                losses.add(step.metrics().loss());
            }
        });
        return losses;
    }

    private static Checkpoints checkpoints(RankThreads ranks) {
        return new Checkpoints(
                request -> ranks.demand(request, (rank, event) -> {}), (what, done, total) -> {}, SMALL_FILES);
    }

    private static void save(RankThreads ranks, Plan plan, int step, Path folder) throws IOException {
        checkpoints(ranks)
                .save(folder, plan, TrainerState.of(plan, step, Optional.empty()), Optional.empty(), Optional.empty());
    }

    @ParameterizedTest(name = "{0} {1} tied={2} vocabulary={3}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            single    | FLOAT64 | true  | 64
            tp=2      | FLOAT64 | false | 251
            pp=2      | FLOAT64 | true  | 251
            tp=2,pp=2 | FLOAT64 | false | 64
            tp=2,pp=2 | FLOAT32 | true  | 251
            dp=2      | FLOAT64 | true  | 251
            tp=3      | FLOAT64 | true  | 251
            tp=3      | FLOAT32 | false | 64
            dp=2,tp=2 | FLOAT32 | false | 251
            """)
    void whatOneLayoutSavedEveryLayoutLoadsAndTrainsOn(String from, TensorType type, boolean tied, int vocabulary)
            throws IOException {
        requireLoadable(
                plan(from, type, tied, vocabulary, 7),
                Stream.of("single", "tp=2", "pp=2", "tp=2,pp=2", "tp=3", "dp=2", "dp=2,tp=2")
                        .map(to -> plan(to, type, tied, vocabulary, 8))
                        .toList());
    }

    /** 9 query heads on 3 KV heads: tensor ranks share rows, and their data ranks keep other slices of these. */
    @ParameterizedTest
    @ValueSource(strings = {"single", "dp=2,tp=2", "dp=2,tp=4"})
    void rowsThatTensorRanksShareAreSavedOnce(String from) throws IOException {
        Function<String, Plan> plan = scheme -> plan(
                model(9, 3, true, 64),
                scheme,
                TensorType.FLOAT64,
                7,
                Options.DEFAULT.withUneven(true).withZero(scheme.contains("dp") ? 1 : 0));
        requireLoadable(
                plan.apply(from),
                Stream.of("single", "dp=2,tp=2", "dp=2,tp=4").map(plan).toList());
    }

    private void requireLoadable(Plan source, List<Plan> targets) throws IOException {
        TensorType type = source.type();
        String from = source.scheme().toString();
        Path saved = temporary.resolve("saved");
        List<Double> undisturbed;
        try (RankThreads ranks = new RankThreads(source.mesh().size())) {
            ranks.demand(new Request.Place(source, Optional.empty()), (rank, event) -> {});
            train(ranks, source, tokens(), 0, SAVED_AT);
            save(ranks, source, SAVED_AT, saved);
            undisturbed = train(ranks, source, tokens(), SAVED_AT, SIX_STEPS.steps());
        }
        for (Plan target : targets) {
            String to = target.scheme().toString();
            try (RankThreads ranks = new RankThreads(target.mesh().size() + 1)) {
                ranks.demand(new Request.Place(target, Optional.empty()), (rank, event) -> {});
                train(ranks, target, tokens(), 0, 1);
                TrainerState state = checkpoints(ranks).load(saved, target).state();
                assertEquals(source.scheme(), state.scheme());
                assertEquals(SAVED_AT, state.step());
                Path again = temporary.resolve("again " + to);
                save(ranks, target, SAVED_AT, again);
                assertSameTensors(saved, again);
                List<Double> resumed = train(ranks, target, tokens(), SAVED_AT, SIX_STEPS.steps());
                if (to.equals(from)) {
                    assertEquals(undisturbed, resumed);
                } else {
                    double tolerance = type == TensorType.FLOAT64 ? 1e-12 : 1e-4;
                    for (int i = 0; i < resumed.size(); i++) {
                        assertEquals(undisturbed.get(i), resumed.get(i), tolerance * undisturbed.get(i), from + to);
                    }
                }
            }
        }
    }

    @Test
    void droppedElementsAreThoseOfAnUninterruptedRun() throws IOException {
        Plan source = withDropout(plan("tp=2", TensorType.FLOAT64, true, 64, 7));
        Path saved = temporary.resolve("saved");
        List<Double> undisturbed;
        try (RankThreads ranks = new RankThreads(2)) {
            ranks.demand(new Request.Place(source, Optional.empty()), (rank, event) -> {});
            train(ranks, source, tokens(), 0, SAVED_AT);
            save(ranks, source, SAVED_AT, saved);
            undisturbed = train(ranks, source, tokens(), SAVED_AT, SIX_STEPS.steps());
        }
        for (String to : List.of("tp=2", "pp=2", "single")) {
            Plan target = withDropout(plan(to, TensorType.FLOAT64, true, 64, 7));
            try (RankThreads ranks = new RankThreads(target.mesh().size())) {
                ranks.demand(new Request.Place(target, Optional.empty()), (rank, event) -> {});
                checkpoints(ranks).load(saved, target);
                List<Double> resumed = train(ranks, target, tokens(), SAVED_AT, SIX_STEPS.steps());
                for (int i = 0; i < resumed.size(); i++) {
                    double tolerance = to.equals("tp=2") ? 0 : 1e-12 * undisturbed.get(i);
                    assertEquals(undisturbed.get(i), resumed.get(i), tolerance, to);
                }
            }
        }
    }

    private static Plan withDropout(Plan plan) {
        return Planner.plan(
                model(true, 64),
                plan.scheme(),
                new Planner.Settings(
                        plan.type(),
                        plan.workload(),
                        "1f1b",
                        plan.seed(),
                        plan.options().withDropout(0.2)));
    }

    private static void assertSameTensors(Path expected, Path actual) throws IOException {
        List<String> names = tensorFiles(expected);
        assertEquals(names, tensorFiles(actual));
        assertTrue(names.size() > 6, () -> "several files of each kind: " + names);
        for (String name : names) {
            assertEquals(-1, Files.mismatch(expected.resolve(name), actual.resolve(name)), name);
        }
    }

    private static List<String> tensorFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().contains(".safetensors"))
                    .map(file -> folder.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void withoutItsMomentsARunTakesAnotherCourse() throws IOException {
        Plan plan = plan("pp=2", TensorType.FLOAT64, true, 64, 7);
        Path saved = temporary.resolve("saved");
        try (RankThreads ranks = new RankThreads(2)) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            train(ranks, plan, tokens(), 0, SAVED_AT);
            save(ranks, plan, SAVED_AT, saved);
            List<Double> undisturbed = train(ranks, plan, tokens(), SAVED_AT, SIX_STEPS.steps());
            ranks.demand(new Request.Load(saved.toString(), 0), (rank, event) -> {});
            List<Double> forgetful = train(ranks, plan, tokens(), SAVED_AT, SIX_STEPS.steps());
            assertEquals(undisturbed.get(0), forgetful.get(0), "the first loss comes before the first update");
            assertNotEquals(undisturbed.get(2), forgetful.get(2));
        }
    }

    @Test
    void aCheckpointBeforeAnyTrainingHasWeightsOnlyAndIsLoadedAsSuch() throws IOException {
        Plan plan = plan("tp=2", TensorType.FLOAT32, true, 64, 7);
        Path saved = temporary.resolve("saved");
        try (RankThreads ranks = new RankThreads(2)) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            save(ranks, plan, 0, saved);
            assertTrue(Files.notExists(saved.resolve("optimizer")));
            List<Double> first = train(ranks, plan, tokens(), 0, SIX_STEPS.steps());
            checkpoints(ranks).load(saved, plan);
            assertEquals(first, train(ranks, plan, tokens(), 0, SIX_STEPS.steps()));
        }
    }

    @Test
    void aFileThatChangedOrFitsAnotherModelIsRefusedAndWeightsStay() throws IOException {
        Plan plan = plan("tp=2", TensorType.FLOAT32, true, 64, 7);
        Path saved = temporary.resolve("saved");
        Path before = temporary.resolve("before");
        Path after = temporary.resolve("after");
        try (RankThreads ranks = new RankThreads(2)) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            save(ranks, plan, 0, saved);
            train(ranks, plan, tokens(), 0, 1);
            save(ranks, plan, 1, before);
            Plan other = plan("tp=2", TensorType.FLOAT32, false, 251, 7);
            String mismatch = refusal(ranks, saved, other);
            assertTrue(mismatch.contains("lm_head.weight: expected [251, 16], found nothing"), mismatch);
            Path file = saved.resolve(tensorFiles(saved).get(1));
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length - 1] ^= 1;
            Files.write(file, bytes);
            String changed = refusal(ranks, saved, plan);
            assertTrue(changed.startsWith(file + ": bytes are not those that were saved"), changed);
            Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
            String cut = refusal(ranks, saved, plan);
            assertTrue(cut.contains("truncated"), cut);
            save(ranks, plan, 1, after);
            assertSameTensors(before, after);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            "model"                 | has no model
            "scheme"                | has no scheme
            "options"               | has no options
            "settings"              | has no run.settings
            "workload"              | has no run.workload
            "text"                  | has no run.text
            "file"                  | has no run.text.file
            "dropout"               | has no options.dropout
            "step" : 3              | step 2147483647 must be 0 to 1000000000
            "seed" : 7              | at 'seed'
            """)
    void aStateThatLacksAPartOrHasAnImpossibleOneIsRefusedByName(String part, String reason) throws IOException {
        Plan plan = plan("tp=2", TensorType.FLOAT32, true, 64, 7);
        TrainerState.RunState run = new TrainerState.RunState(
                SIX_STEPS, 0, plan.workload(), new TrainerState.Text(Optional.empty(), "tokens.bin"));
        JsonNode state = Json.mapper().valueToTree(TrainerState.of(plan, 3, Optional.of(run)));
        assertEquals(Optional.of(run), Json.read(state, TrainerState.class).run());
        String wrong = state.toString()
                .replaceFirst(
                        part.replace(" : ", ":"),
                        switch (part) {
                            case "\"step\" : 3" -> "\"step\":2147483647";
                            case "\"seed\" : 7" -> "\"seed\":\"x\"";
                            default -> "\"x\"";
                        });
        Path folder = temporary.resolve("wrong");
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("checkpoint.json"), "{\"version\":1,\"state\":" + wrong + ",\"files\":[]}");
        String refused = String.valueOf(assertThrows(IllegalArgumentException.class, () -> Checkpoints.state(folder))
                .getMessage());
        assertTrue(refused.startsWith(folder + "/checkpoint.json: state "), refused);
        assertTrue(refused.contains(reason), refused);
    }

    @Test
    void aMissingFolderOfMomentsIsNamed() throws IOException {
        Plan plan = plan("single", TensorType.FLOAT32, true, 64, 7);
        Path saved = temporary.resolve("saved");
        try (RankThreads ranks = new RankThreads(1)) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            save(ranks, plan, 0, saved);
            Path marker = saved.resolve("checkpoint.json");
            Files.writeString(marker, Files.readString(marker).replace("\"step\" : 0", "\"step\" : 3"));
            String refused = String.valueOf(assertThrows(IllegalArgumentException.class, () -> checkpoints(ranks)
                            .load(saved, plan))
                    .getMessage());
            assertTrue(refused.endsWith("is of step 3, but its folder optimizer/first/ is missing"), refused);
        }
    }

    /** A run of hours used to find out at its end. */
    @Test
    void aDiskThatIsTooSmallForTheTrainedModelIsRefusedBeforeTraining() throws IOException {
        ModelSpec huge = new ModelSpec(
                "huge", 2_000_000_000, 1 << 20, 24, 1, 4, 4, 4, 10_000, 1e-5, true, 32, 0.1, Optional.empty());
        Path folder = temporary.resolve("saved");
        Checkpoints.require(folder, plan("single", TensorType.FLOAT32, true, 64, 7));
        Plan plan = plan(huge, "single", TensorType.FLOAT32, 7, Options.DEFAULT);
        String refused =
                String.valueOf(assertThrows(IllegalArgumentException.class, () -> Checkpoints.require(folder, plan))
                        .getMessage());
        // 2·10^9 · 2^20 numbers of 4 bytes, three times: the moments count before they exist.
        assertTrue(refused.matches("'.*saved' needs 2516[0-9]{7} MB, its disk has [0-9]+ MB free"), refused);
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(0, left.count());
        }
    }

    private static String refusal(RankThreads ranks, Path saved, Plan plan) {
        return String.valueOf(assertThrows(
                        DamagedFileException.class, () -> checkpoints(ranks).load(saved, plan))
                .getMessage());
    }

    @Test
    void aSaveThatIsStoppedOrDoesNotAddUpLeavesTheOldCheckpoint() throws IOException {
        Plan plan = plan("pp=2", TensorType.FLOAT32, true, 64, 7);
        Path saved = temporary.resolve("saved");
        try (RankThreads ranks = new RankThreads(2)) {
            ranks.demand(new Request.Place(plan, Optional.empty()), (rank, event) -> {});
            train(ranks, plan, tokens(), 0, 1);
            save(ranks, plan, 1, saved);
            train(ranks, plan, tokens(), 1, 2);
            String wrong = assertThrows(IllegalStateException.class, () -> save(ranks, plan, 1, saved))
                    .getMessage();
            assertTrue(String.valueOf(wrong).startsWith("rank 0 has done 2 optimizer steps, expected 1"), wrong);
            ranks.stops.get(1).cancel();
            assertThrows(StopSignal.CancelledRun.class, () -> save(ranks, plan, 2, saved));
            ranks.clearStops();
            assertEquals(1, Checkpoints.state(saved).step());
            save(ranks, plan, 2, saved);
            assertEquals(2, Checkpoints.state(saved).step());
            try (Stream<Path> files = Files.list(temporary)) {
                assertEquals(
                        List.of("saved", "tokens.bin"),
                        files.map(file -> String.valueOf(file.getFileName()))
                                .sorted()
                                .toList());
            }
        }
    }
}
