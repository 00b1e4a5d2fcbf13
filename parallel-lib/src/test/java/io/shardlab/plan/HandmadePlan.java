package io.shardlab.plan;

import io.shardlab.mesh.Axis;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A decoder written out by hand, so that tests of prices do not rest on the planner. */
public record HandmadePlan(
        Scheme scheme,
        TensorType type,
        Plan.Workload workload,
        long width,
        long hidden,
        int vocabulary,
        int heads,
        List<Integer> layersPerStage,
        boolean tied,
        Schedule schedule) {

    public static HandmadePlan of(Scheme scheme, Schedule schedule, int layersPerStage) {
        return new HandmadePlan(
                scheme,
                TensorType.FLOAT32,
                new Plan.Workload(8, 16, 4),
                32,
                96,
                64,
                4,
                Collections.nCopies(scheme.pipeline(), layersPerStage),
                false,
                schedule);
    }

    public HandmadePlan withWorkload(int batch, int sequence, int microbatches) {
        Plan.Workload changed = new Plan.Workload(batch, sequence, microbatches);
        return new HandmadePlan(
                scheme, type, changed, width, hidden, vocabulary, heads, layersPerStage, tied, schedule);
    }

    public HandmadePlan withTied() {
        return new HandmadePlan(
                scheme, type, workload, width, hidden, vocabulary, heads, layersPerStage, true, schedule);
    }

    public HandmadePlan withVocabulary(int changed) {
        return new HandmadePlan(scheme, type, workload, width, hidden, changed, heads, layersPerStage, tied, schedule);
    }

    public HandmadePlan withLayers(List<Integer> perStage) {
        return new HandmadePlan(scheme, type, workload, width, hidden, vocabulary, heads, perStage, tied, schedule);
    }

    public Plan plan() {
        List<Stage> stages = new ArrayList<>();
        int layer = 0;
        for (int index = 0; index < layersPerStage.size(); index++) {
            stages.add(stage(index, layer));
            layer += layersPerStage.get(index);
        }
        return new Plan("handmade", scheme, type, workload, width, vocabulary, 7, Options.DEFAULT, stages, schedule);
    }

    private Stage stage(int index, int firstLayer) {
        boolean first = index == 0;
        boolean last = index == layersPerStage.size() - 1;
        List<Step> steps = new ArrayList<>();
        String input = first ? Stage.TOKENS : "in";
        String x = input;
        if (first) {
            x = local(steps, new Segment("embed", new Segment.Embedding(), List.of(embedding())), "x", x);
        }
        for (int layer = firstLayer; layer < firstLayer + layersPerStage.get(index); layer++) {
            x = half(steps, x, "l" + layer + ".attn", attention(layer));
            x = half(steps, x, "l" + layer + ".mlp", feedForward(layer));
        }
        if (last) {
            ParameterSpec projection = tied ? embedding() : matrix("head", vocabulary, width, Placement.replicated());
            Segment head = new Segment("head", new Segment.Head(1e-5), List.of(norm("norm"), projection));
            steps.add(new Step.Local(head, List.of(x, Stage.TARGETS), Stage.LOSS));
            x = Stage.LOSS;
        }
        return new Stage(index, index, "stage " + index, steps, input, x);
    }

    /** x + allReduce(inner(copy(norm(x)))), with the collectives only where there is a tensor axis. */
    private String half(List<Step> steps, String x, String name, Segment inner) {
        Segment normSegment = new Segment(name + ".norm", new Segment.Norm(1e-5), List.of(norm(name + ".norm")));
        String h = local(steps, normSegment, name + ".h", x);
        if (scheme.tensor() > 1) {
            steps.add(new Step.Communicate(Collective.COPY, Axis.TENSOR, h, name + ".c", width));
            h = name + ".c";
        }
        String y = local(steps, inner, name + ".y", h);
        if (scheme.tensor() > 1) {
            steps.add(new Step.Communicate(Collective.ALL_REDUCE, Axis.TENSOR, y, name + ".s", width));
            y = name + ".s";
        }
        return local(steps, new Segment(name + ".add", new Segment.Residual(), List.of()), name + ".x", x, y);
    }

    private static String local(List<Step> steps, Segment segment, String output, String... inputs) {
        steps.add(new Step.Local(segment, List.of(inputs), output));
        return output;
    }

    private Segment attention(int layer) {
        String at = "layers." + layer + ".";
        return new Segment(
                at + "attn",
                new Segment.Attention(heads, heads, (int) width / heads, 1e4),
                List.of(
                        matrix(at + "q", width, width, even(0, width)),
                        matrix(at + "k", width, width, even(0, width)),
                        matrix(at + "v", width, width, even(0, width)),
                        matrix(at + "o", width, width, even(1, width))));
    }

    private Segment feedForward(int layer) {
        String at = "layers." + layer + ".";
        return new Segment(
                at + "mlp",
                new Segment.FeedForward(),
                List.of(
                        matrix(at + "gate", hidden, width, even(0, hidden)),
                        matrix(at + "up", hidden, width, even(0, hidden)),
                        matrix(at + "down", width, hidden, even(1, hidden))));
    }

    private Placement even(int dim, long length) {
        int t = scheme.tensor();
        return t == 1 ? Placement.replicated() : Placement.Split.ofSizes(dim, Collections.nCopies(t, length / t));
    }

    private ParameterSpec embedding() {
        return matrix("embed", vocabulary, width, Placement.replicated());
    }

    private ParameterSpec norm(String name) {
        return new ParameterSpec(name, TensorShape.of(width), Placement.replicated(), 0);
    }

    private static ParameterSpec matrix(String name, long rows, long columns, Placement placement) {
        return new ParameterSpec(name, TensorShape.of(rows, columns), placement, 0.02);
    }
}
