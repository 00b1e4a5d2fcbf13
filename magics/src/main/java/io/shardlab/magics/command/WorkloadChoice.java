package io.shardlab.magics.command;

import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Batch, length, micro-batches and the schedule of their passes as far as the user said them. */
public record WorkloadChoice(
        OptionalInt batch, OptionalInt sequence, OptionalInt microbatches, Optional<String> schedule) {

    /** Nothing said. */
    public static final WorkloadChoice DEFAULT =
            new WorkloadChoice(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(), Optional.empty());

    private static final int BATCH = 8;
    private static final int SAMPLES = 64;
    private static final int SEQUENCE = 128;
    private static final int MICROBATCHES = 4;

    public WorkloadChoice {
        if (batch.isPresent() && microbatches.isPresent()) {
            requireDivisible(batch.getAsInt(), microbatches.getAsInt());
        }
    }

    private static void requireDivisible(int batch, int microbatches) {
        if (microbatches < 1 || batch < 1 || batch % microbatches != 0) {
            throw new IllegalArgumentException("batch " + batch + " is not divisible by microbatches " + microbatches);
        }
    }

    public static WorkloadChoice of(int batch, int sequence, int microbatches) {
        return new WorkloadChoice(
                OptionalInt.of(batch), OptionalInt.of(sequence), OptionalInt.of(microbatches), Optional.empty());
    }

    public WorkloadChoice withSchedule(Optional<String> changed) {
        return new WorkloadChoice(batch, sequence, microbatches, changed);
    }

    public WorkloadChoice withMicrobatches(int count) {
        return new WorkloadChoice(batch, sequence, OptionalInt.of(count), schedule);
    }

    /** Refuses a schedule that is not among the known ones. */
    public static void requireSchedule(String name, List<String> known) {
        Values.choice("--schedule", name, known);
    }

    public boolean isDefault() {
        return equals(DEFAULT);
    }

    /**
     * The workload of a new plan: a batch of 8, or a little more where the data axis does not divide that, sequences of 128
     * tokens or the model's longest, and for a pipeline the most micro-batches up to 4 that divide a data rank's part.
     */
    public Plan.Workload forModel(int longest, Scheme scheme) {
        int ranks = scheme.data();
        int sequences = batch.orElse(
                microbatches.isPresent()
                        ? multipleNear(microbatches.getAsInt() * ranks)
                        : (BATCH + ranks - 1) / ranks * ranks);
        int slices = microbatches.orElse(
                scheme.pipeline() > 1 && sequences % ranks == 0 ? divisorUpTo(MICROBATCHES, sequences / ranks) : 1);
        int length = sequence.orElse(Math.min(SEQUENCE, longest));
        if (length > longest) {
            throw new IllegalArgumentException(
                    "seq " + length + " is longer than the model's " + longest + " positions");
        }
        return new Plan.Workload(sequences, length, slices);
    }

    /**
     * The workload of a new plan for samples without a length: a batch of 64, or a little more where data ranks and micro-batches
     * do not divide that, and for a pipeline the most micro-batches up to 4 that divide a data rank's part.
     */
    public Plan.Workload forSamples(Scheme scheme) {
        if (sequence.orElse(1) != 1) {
            throw new IllegalArgumentException(
                    "--seq " + sequence.getAsInt() + " is for language models; the samples of a block have no length");
        }
        int ranks = scheme.data();
        int parts = microbatches.orElse(1) * ranks;
        int samples = batch.orElse((SAMPLES + parts - 1) / parts * parts);
        int slices = microbatches.orElse(
                scheme.pipeline() > 1 && samples % ranks == 0 ? divisorUpTo(MICROBATCHES, samples / ranks) : 1);
        return new Plan.Workload(samples, 1, slices);
    }

    /** The placed plan's workload where nothing else was said. */
    public Plan.Workload over(Plan.Workload placed) {
        int sequences = batch.orElse(placed.batch());
        int slices = microbatches.orElse(placed.microbatches());
        requireDivisible(sequences, slices);
        return new Plan.Workload(sequences, sequence.orElse(placed.sequence()), slices);
    }

    private static int multipleNear(int slices) {
        return BATCH % slices == 0 ? BATCH : slices;
    }

    private static int divisorUpTo(int most, int number) {
        int divisor = most;
        while (number % divisor != 0) {
            divisor--;
        }
        return divisor;
    }
}
