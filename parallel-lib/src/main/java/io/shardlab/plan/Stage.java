package io.shardlab.plan;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
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

    /** Token ids [B,T], known to the first stage. */
    public static final String TOKENS = "tokens";
    /** Token ids [B,T] to predict, known to the last stage. */
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
}
