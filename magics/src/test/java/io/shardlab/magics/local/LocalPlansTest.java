package io.shardlab.magics.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.WorkloadChoice;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Presets;
import io.shardlab.plan.Options;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is looked at before a placed model gives way. No worker runs here: whatever gets as far as them asks for some. */
final class LocalPlansTest {

    @TempDir
    Path folder;

    private final RunningCluster cluster = new RunningCluster();
    private final UserModels userModels = new UserModels();
    private final PlanMaker maker = new PlanMaker(cluster, userModels);
    private final LocalPlans plans = new LocalPlans(cluster, maker, userModels);

    private static PlanOptions options(String model, Optional<Path> weights) {
        return new PlanOptions(
                model,
                Optional.of(Scheme.SINGLE),
                WorkloadChoice.DEFAULT,
                Optional.empty(),
                Optional.empty(),
                OptionalLong.empty(),
                weights,
                OptionalInt.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                Optional.empty());
    }

    private Plan placeTiny() throws IOException {
        ModelSpec tiny = Presets.resolve("tiny");
        Plan plan = maker.make(tiny, options("tiny", Optional.empty()));
        cluster.placed().put(new PlacedModel.Recipe(plan, tiny, Optional.empty()));
        return plan;
    }

    private void writeModel(boolean tied) throws IOException {
        ModelSpec tiny = Presets.resolve("tiny");
        Files.writeString(
                folder.resolve("config.json"),
                tiny.toConfig().put("tie_word_embeddings", tied).toString());
        SafetensorsWriter writer = new SafetensorsWriter();
        for (ParameterSpec parameter :
                maker.make(tiny, options("tiny", Optional.empty())).parameters()) {
            ByteBuffer zeros =
                    ByteBuffer.allocate(Math.toIntExact(4 * parameter.shape().numElements()));
            writer.add(parameter.name(), TensorType.FLOAT32, parameter.shape(), zeros);
        }
        writer.write(folder.resolve("model.safetensors"));
    }

    private String refusal(PlanOptions options) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, () -> plans.place(options))
                .getMessage());
    }

    /** A worker found the first of them, with a Java stack, when the model before was gone. */
    @Test
    void weightsThatDoNotFitAreRefusedWhileTheModelBeforeStays() throws IOException {
        Plan before = placeTiny();
        writeModel(false);
        assertEquals(
                folder + ": weights do not fit the configuration: lm_head.weight: expected [256, 64], found nothing",
                refusal(options(folder.toString(), Optional.empty())));
        Path nowhere = folder.resolve("nowhere");
        assertEquals(
                "weights '" + nowhere + "' are not there; expected a folder of safetensors files, or one such file",
                refusal(options("tiny", Optional.of(nowhere))));
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertEquals(
                "weights '" + empty + "' cannot be read: " + empty + " holds no .safetensors file",
                refusal(options("tiny", Optional.of(empty))));
        assertEquals(Optional.of(before), plans.placed());
    }

    @Test
    void weightsThatFitGetAsFarAsTheWorkers() throws IOException {
        writeModel(true);
        IllegalStateException refused = assertThrows(
                IllegalStateException.class, () -> plans.place(options(folder.toString(), Optional.empty())));
        assertTrue(String.valueOf(refused.getMessage()).startsWith("no workers"), refused::getMessage);
    }

    @Test
    void aPlanOfAModelWithATokenizerSaysThatTextIsReadAsBytes() throws IOException {
        writeModel(true);
        Files.writeString(folder.resolve("tokenizer.json"), "{}");
        assertTrue(plans.plan(options(folder.toString(), Optional.empty()))
                .advice()
                .contains("text is read as bytes: the model's tokenizer.json is not used yet"));
    }

    @Test
    void aPlacedModelIsNotTrainedOnMoreTokensThanItHasPositions() throws IOException {
        placeTiny();
        int most = Presets.resolve("tiny").maxSequence();
        Plan longest = maker.replan(new Plan.Workload(8, most, 1), Optional.empty());
        assertEquals(most, longest.workload().sequence());
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class,
                () -> maker.replan(new Plan.Workload(8, most + 1, 1), Optional.empty()));
        assertEquals(
                "seq " + (most + 1) + " is longer than the " + most + " positions of tiny; use --seq " + most
                        + " or less",
                refused.getMessage());
    }

    private static PlanOptions medium(Options options, Scheme scheme, int microbatches, long megabytes) {
        return new PlanOptions(
                "medium",
                Optional.of(scheme),
                WorkloadChoice.of(64, 1024, microbatches),
                Optional.empty(),
                Optional.of(options),
                OptionalLong.empty(),
                Optional.empty(),
                OptionalInt.of(scheme.numRanks()),
                OptionalLong.of(megabytes << 20),
                OptionalDouble.empty(),
                Optional.empty());
    }

    private String advice(PlanOptions options) {
        assertFalse(plans.plan(options).fits());
        return String.join(" ", plans.plan(options).advice());
    }

    /** The search knew layouts only: it sent people to more devices, or nowhere. What is placed, with fewer positions, is no limit. */
    @Test
    void aRefusalNamesFlagsThatReallyFitOnTheSameDevices() throws IOException {
        placeTiny();
        Options again = Options.DEFAULT.withRecompute(true);
        Options split = Options.DEFAULT.withZero(1);
        Scheme two = Scheme.parse("dp=2");
        assertTrue(advice(medium(Options.DEFAULT, Scheme.SINGLE, 64, 1024)).contains("it fits with --recompute."));
        assertTrue(plans.plan(medium(again, Scheme.SINGLE, 64, 1024)).fits());
        assertTrue(advice(medium(again, Scheme.SINGLE, 16, 1024)).contains("it fits with --microbatches 64."));
        assertTrue(plans.plan(medium(again, Scheme.SINGLE, 64, 1024)).fits());
        long between = (total(medium(again, two, 32, 4096)) + total(medium(again.withZero(1), two, 32, 4096))) / 2;
        assertTrue(advice(medium(again, two, 32, between >> 20)).contains("it fits with --zero 1."));
        assertTrue(plans.plan(medium(split.withRecompute(true), two, 32, between >> 20))
                .fits());
    }

    private long total(PlanOptions options) {
        return plans.plan(options).ranks().stream()
                .mapToLong(rank -> rank.memory().totalBytes())
                .max()
                .orElseThrow();
    }

    @Test
    void whereAWorkerAloneDoesNotFitOnlyMemoryHelps() {
        String advice = advice(medium(Options.DEFAULT, Scheme.SINGLE, 64, 100));
        assertTrue(advice.contains("only more --memory helps"), advice);
    }
}
