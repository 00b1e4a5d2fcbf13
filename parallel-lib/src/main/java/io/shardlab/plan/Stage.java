package io.shardlab.plan;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.shardlab.tensor.TensorShape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A part of the model: the program that every rank of one pipeline coordinate runs for each micro-batch.
 *
 * @param index position in the model, from 0
 * @param pipelineRank who runs it
 * @param label for people, for instance {@code embedding, layers 0–3}
 * @param steps the program, in order
 * @param input the value received: {@link #TOKENS} for the first stage
 * @param output the value passed on: {@link #LOSS} for the last stage
 */
public record Stage(int index, int pipelineRank, String label, List<Step> steps, String input, String output) {

    /** Token ids [B,T], or the samples [B,…] of a user's block, known to the first stage. */
    public static final String TOKENS = "tokens";
    /** Token ids [B,T] to predict, or the samples' labels [B], known to the last stage. */
    public static final String TARGETS = "targets";
    /** The mean cross-entropy of a micro-batch, a scalar. */
    public static final String LOSS = "loss";

    public Stage {
        steps = List.copyOf(steps);
        Set<String> defined = new HashSet<>(Set.of(input, TARGETS));
        for (Step step : steps) {
            for (String name : step.inputs()) {
                if (!defined.contains(name)) {
                    throw new IllegalArgumentException("stage " + index + " reads '" + name + "' before it is defined");
                }
            }
            if (!defined.add(step.output())) {
                throw new IllegalArgumentException("stage " + index + " defines '" + step.output() + "' twice");
            }
        }
        if (!defined.contains(output)) {
            throw new IllegalArgumentException("stage " + index + " never defines its output '" + output + "'");
        }
    }

    @JsonIgnore
    public List<Segment> segments() {
        List<Segment> segments = new ArrayList<>();
        for (Step step : steps) {
            if (step instanceof Step.Local local) {
                segments.add(local.segment());
            }
        }
        return segments;
    }

    /** The parameters in program order, each name once. */
    @JsonIgnore
    public List<ParameterSpec> parameters() {
        List<ParameterSpec> parameters = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (Segment segment : segments()) {
            for (ParameterSpec parameter : segment.parameters()) {
                if (seen.add(parameter.name())) {
                    parameters.add(parameter);
                }
            }
        }
        return parameters;
    }

    /** Shape of one sample of a value, where it is not [T,D]: in the stages of a user's block. */
    public Optional<TensorShape> sampleShape(String value) {
        for (Step step : steps) {
            if (step.output().equals(value)) {
                return step instanceof Step.Local local
                        ? local.segment().kind().sampleShape()
                        : sampleShape(step.inputs().get(0));
            }
        }
        return value.equals(input) ? inputSampleShape() : Optional.empty();
    }

    /** Shape of one sample of the input; empty where that is tokens or [T,D]. */
    public Optional<TensorShape> inputSampleShape() {
        Set<String> aliases = new HashSet<>(Set.of(input));
        for (Step step : steps) {
            if (aliases.contains(step.inputs().get(0))) {
                if (step instanceof Step.Local local) {
                    return local.segment().kind() instanceof Segment.Block block
                            ? Optional.of(block.input())
                            : Optional.empty();
                }
                aliases.add(step.output());
            }
        }
        return Optional.empty();
    }
}
