package io.shardlab.magics.command;

import io.shardlab.plan.Plan;
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

    /** Refuses a schedule that is not among the known ones. */
    public static void requireSchedule(String name, List<String> known) {
        Values.choice("--schedule", name, known);
    }

    public boolean isDefault() {
        return equals(DEFAULT);
    }

    /**
     * The workload of a new plan: a batch of 8, sequences of 128 tokens or the model's longest, and for a pipeline the most
     * micro-batches up to 4 that divide the batch.
     */
    public Plan.Workload forModel(int longest, int pipelineDegree) {
        int sequences = batch.orElse(microbatches.isPresent() ? multipleNear(microbatches.getAsInt()) : BATCH);
        int slices = microbatches.orElse(pipelineDegree > 1 ? divisorUpTo(MICROBATCHES, sequences) : 1);
        int length = sequence.orElse(Math.min(SEQUENCE, longest));
        if (length > longest) {
            throw new IllegalArgumentException(
                    "seq " + length + " is longer than the model's " + longest + " positions");
        }
        return new Plan.Workload(sequences, length, slices);
    }

    /**
     * The workload of a new plan for samples without a length: a batch of 64, and for a pipeline the most micro-batches up to 4
     * that divide it.
     */
    public Plan.Workload forSamples(int pipelineDegree) {
        if (sequence.orElse(1) != 1) {
            throw new IllegalArgumentException(
                    "--seq " + sequence.getAsInt() + " is for language models; the samples of a block have no length");
        }
        int samples = batch.orElse(SAMPLES);
        return new Plan.Workload(
                samples, 1, microbatches.orElse(pipelineDegree > 1 ? divisorUpTo(MICROBATCHES, samples) : 1));
    }

    /** The placed plan's workload where nothing else was said. */
    public Plan.Workload over(Plan.Workload placed) {
        int sequences = batch.orElse(placed.batch());
        int slices = microbatches.orElse(placed.microbatches());
        requireDivisible(sequences, slices);
        return new Plan.Workload(sequences, sequence.orElse(placed.sequence()), slices);
    }

    private static int multipleNear(int microbatches) {
        return BATCH % microbatches == 0 ? BATCH : microbatches;
    }

    private static int divisorUpTo(int most, int number) {
        int divisor = most;
        while (number % divisor != 0) {
            divisor--;
        }
        return divisor;
    }
}
