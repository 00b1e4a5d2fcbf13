package io.shardlab.plan;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.shardlab.mesh.Mesh;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Everything that display, check, simulation and execution need to know about a sharded model.
 *
 * @param model its name, as the user gave it
 * @param scheme the degrees of parallelism
 * @param type of weights and activations
 * @param workload batch, length and micro-batches
 * @param hiddenSize D, the width of what stages pass on
 * @param vocabularySize V
 * @param seed of the initial weights
 * @param options how the scheme is carried out
 * @param stages in model order
 * @param schedule what each pipeline rank does when
 */
public record Plan(
        String model,
        Scheme scheme,
        TensorType type,
        Workload workload,
        long hiddenSize,
        int vocabularySize,
        long seed,
        Options options,
        List<Stage> stages,
        Schedule schedule) {

    /**
     * One training step's worth of tokens.
     *
     * @param batch B, sequences of all micro-batches and data ranks together
     * @param sequence T, tokens of one sequence
     * @param microbatches M, consecutive slices of the part of the batch that one data rank works on
     */
    public record Workload(int batch, int sequence, int microbatches) {
        public Workload {
            if (batch < 1 || sequence < 1 || microbatches < 1) {
                throw new IllegalArgumentException("batch " + batch + ", seq " + sequence + " and microbatches "
                        + microbatches + " must be at least 1");
            }
            if (batch % microbatches != 0) {
                throw new IllegalArgumentException(
                        "batch " + batch + " is not divisible by microbatches " + microbatches);
            }
        }

        /** The same batch in so many micro-batches. */
        public Workload inMicrobatches(int number) {
            return new Workload(batch, sequence, number);
        }

        @JsonIgnore
        public long tokens() {
            return (long) batch * sequence;
        }
    }

    public Plan {
        stages = List.copyOf(stages);
        long slices = (long) scheme.data() * workload.microbatches();
        if (workload.batch() % slices != 0) {
            throw new IllegalArgumentException("batch " + workload.batch() + " is not divisible by " + slices + " (dp="
                    + scheme.data() + " × microbatches " + workload.microbatches() + "); allowed: multiples of "
                    + slices
                    + ", for instance " + (workload.batch() / slices + 1) * slices);
        }
        for (int i = 0; i < stages.size(); i++) {
            if (stages.get(i).index() != i) {
                throw new IllegalArgumentException("stage " + stages.get(i).index() + " stands at position " + i);
            }
        }
        if (!stages.isEmpty() && stages.get(0).inputSampleShape().isPresent() && workload.sequence() != 1) {
            throw new IllegalArgumentException(
                    "seq " + workload.sequence() + " is for language models; " + model + " takes samples of shape "
                            + stages.get(0).inputSampleShape().get());
        }
    }

    @JsonIgnore
    public Mesh mesh() {
        return scheme.mesh();
    }

    /** b, sequences of one micro-batch: data rank r works on the r-th of dp consecutive parts of the batch. */
    @JsonIgnore
    public int microbatchSize() {
        return workload.batch() / (scheme.data() * workload.microbatches());
    }

    /** The stages that the ranks of one pipeline coordinate run, in model order. */
    public List<Stage> stagesOf(int pipelineRank) {
        return stages.stream()
                .filter(stage -> stage.pipelineRank() == pipelineRank)
                .toList();
    }

    /** Shape of one sample of a user's block; empty where the model reads tokens. */
    @JsonIgnore
    public Optional<TensorShape> sampleShape() {
        return stages.isEmpty() ? Optional.empty() : stages.get(0).inputSampleShape();
    }

    /** What its throughput counts: {@code tokens}, or {@code samples} of a user's block. */
    @JsonIgnore
    public String unit() {
        return sampleShape().isPresent() ? "samples" : "tokens";
    }

    /** What training makes small. */
    @JsonIgnore
    public LossFunction lossFunction() {
        return stages.stream()
                .flatMap(stage -> stage.segments().stream())
                .filter(segment -> segment.kind() instanceof Segment.Loss)
                .map(segment -> ((Segment.Loss) segment.kind()).function())
                .findFirst()
                .orElse(LossFunction.CROSS_ENTROPY);
    }

    /** Whether values between blocks are split along tokens: with sequence parallelism over at least two tensor ranks. */
    @JsonIgnore
    public boolean splitsRows() {
        return options.sequenceParallel() && scheme.tensor() > 1;
    }

    /**
     * What the tensor rank at {@code tensorIndex} has of the value that a stage passes to the next: [b,T,D], or its rows of [b·T,D]
     * where they are split, or [b,…] as the user's block has it.
     *
     * @param rows [b,T]
     */
    public TensorShape boundaryShape(int stage, TensorShape rows, int tensorIndex) {
        Optional<TensorShape> sample =
                stages.get(stage).sampleShape(stages.get(stage).output());
        if (sample.isPresent()) {
            return sample.get().prepend(rows.dim(0));
        }
        if (!splitsRows()) {
            return TensorShape.of(rows.dim(0), rows.dim(1), hiddenSize);
        }
        long own = Extent.even(rows.numElements(), scheme.tensor())
                .get(tensorIndex)
                .length();
        return TensorShape.of(own, hiddenSize);
    }

    /** Every parameter of the model once, in model order: the order in which squared norms are summed. */
    @JsonIgnore
    public List<ParameterSpec> parameters() {
        List<ParameterSpec> parameters = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (Stage stage : stages) {
            for (ParameterSpec parameter : stage.parameters()) {
                if (seen.add(parameter.name())) {
                    parameters.add(parameter);
                }
            }
        }
        return parameters;
    }

    /** The pipeline ranks that hold a parameter, in order; more than one for tied embeddings. */
    public List<Integer> holders(String parameter) {
        return stages.stream()
                .filter(stage ->
                        stage.parameters().stream().anyMatch(p -> p.name().equals(parameter)))
                .map(Stage::pipelineRank)
                .distinct()
                .sorted()
                .toList();
    }

    /** The same plan with other stages: how tests and {@code check} break a plan on purpose. */
    public Plan withStages(List<Stage> changed) {
        return new Plan(model, scheme, type, workload, hiddenSize, vocabularySize, seed, options, changed, schedule);
    }

    /** The same plan, carried out in another way that needs neither other stages nor another schedule. */
    public Plan withOptions(Options changed) {
        return new Plan(model, scheme, type, workload, hiddenSize, vocabularySize, seed, changed, stages, schedule);
    }

    /** The same plan with another schedule. */
    public Plan withSchedule(Schedule changed) {
        return new Plan(model, scheme, type, workload, hiddenSize, vocabularySize, seed, options, stages, changed);
    }

    /** Whether the optimizer's state is split over the data axis (ZeRO stage 1). */
    @JsonIgnore
    public boolean splitsOptimizer() {
        return options.zero() > 0 && scheme.data() > 1;
    }

    /** The same plan in another type. */
    public Plan withType(TensorType changed) {
        return new Plan(model, scheme, changed, workload, hiddenSize, vocabularySize, seed, options, stages, schedule);
    }
}
