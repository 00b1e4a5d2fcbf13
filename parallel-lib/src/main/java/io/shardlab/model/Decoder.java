package io.shardlab.model;

import io.shardlab.mesh.Axis;
import io.shardlab.plan.Collective;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The steps of a Llama decoder, cut for tensor parallelism as in Megatron-LM (Shoeybi et al. 2019, section 3): heads and
 * feed-forward columns are split, the projections back to D give partial sums that an all-reduce completes. Norms,
 * embedding and head are replicated.
 */
final class Decoder {

    private static final String EMBEDDING = "model.embed_tokens.weight";

    private final ModelSpec model;
    private final int tensorDegree;

    Decoder(ModelSpec model, int tensorDegree) {
        this.model = model;
        this.tensorDegree = tensorDegree;
        if (model.numKeyValueHeads() % tensorDegree != 0) {
            throw new IllegalArgumentException("tp=" + tensorDegree + " does not split " + model.numKeyValueHeads()
                    + (model.numKeyValueHeads() == model.numHeads() ? " heads" : " KV heads") + " evenly; "
                    + allowed());
        }
        if (model.feedForwardSize() % tensorDegree != 0) {
            throw new IllegalArgumentException("tp=" + tensorDegree + " does not split " + model.feedForwardSize()
                    + " feed-forward columns evenly; " + allowed());
        }
    }

    private String allowed() {
        List<String> degrees = IntStream.rangeClosed(1, model.numKeyValueHeads())
                .filter(t -> model.numKeyValueHeads() % t == 0 && model.feedForwardSize() % t == 0)
                .mapToObj(String::valueOf)
                .toList();
        return "use tp = " + String.join(", ", degrees) + " (uneven splits come later)";
    }

    /** Tokens to the first residual value, {@code x0}. */
    Step embedding() {
        return new Step.Local(
                new Segment("embed_tokens", new Segment.Embedding(), List.of(embeddingWeight())),
                List.of(Stage.TOKENS),
                "x0");
    }

    /** One layer: from {@code x(2l)} to {@code x(2l+2)}. */
    List<Step> layer(int layer) {
        List<Step> steps = new ArrayList<>();
        String prefix = "model.layers." + layer + ".";
        block(
                steps,
                "layers." + layer + ".input_layernorm",
                prefix + "input_layernorm.weight",
                attention(layer),
                2 * layer);
        block(
                steps,
                "layers." + layer + ".post_attention_layernorm",
                prefix + "post_attention_layernorm.weight",
                feedForward(layer),
                2 * layer + 1);
        return steps;
    }

    /** The last residual value and the targets to the loss. */
    Step head() {
        ParameterSpec projection = model.tied()
                ? embeddingWeight()
                : matrix("lm_head.weight", model.vocabularySize(), model.hiddenSize(), -1);
        return new Step.Local(
                new Segment(
                        "head", new Segment.Head(model.normEpsilon()), List.of(norm("model.norm.weight"), projection)),
                List.of("x" + 2 * model.numLayers(), Stage.TARGETS),
                Stage.LOSS);
    }

    /** x(i) → norm → copy → segment → all-reduce → + x(i). */
    private void block(List<Step> steps, String normName, String normWeight, Segment segment, int index) {
        String x = "x" + index;
        String h = "h" + index;
        String y = "y" + index;
        steps.add(new Step.Local(
                new Segment(normName, new Segment.Norm(model.normEpsilon()), List.of(norm(normWeight))),
                List.of(x),
                h));
        if (tensorDegree == 1) {
            steps.add(new Step.Local(segment, List.of(h), y));
        } else {
            steps.add(new Step.Communicate(Collective.COPY, Axis.TENSOR, h, h + "'"));
            steps.add(new Step.Local(segment, List.of(h + "'"), y + "'"));
            steps.add(new Step.Communicate(Collective.ALL_REDUCE, Axis.TENSOR, y + "'", y));
        }
        Segment residual = new Segment(segment.name() + ".residual", new Segment.Residual(), List.of());
        steps.add(new Step.Local(residual, List.of(x, y), "x" + (index + 1)));
    }

    private Segment attention(int layer) {
        String prefix = "model.layers." + layer + ".self_attn.";
        long queries = (long) model.numHeads() * model.headDim();
        long keys = (long) model.numKeyValueHeads() * model.headDim();
        return new Segment(
                "layers." + layer + ".self_attn",
                new Segment.Attention(model.numHeads(), model.numKeyValueHeads(), model.headDim(), model.ropeTheta()),
                List.of(
                        matrix(prefix + "q_proj.weight", queries, model.hiddenSize(), 0),
                        matrix(prefix + "k_proj.weight", keys, model.hiddenSize(), 0),
                        matrix(prefix + "v_proj.weight", keys, model.hiddenSize(), 0),
                        matrix(prefix + "o_proj.weight", model.hiddenSize(), queries, 1)));
    }

    private Segment feedForward(int layer) {
        String prefix = "model.layers." + layer + ".mlp.";
        return new Segment(
                "layers." + layer + ".mlp",
                new Segment.FeedForward(),
                List.of(
                        matrix(prefix + "gate_proj.weight", model.feedForwardSize(), model.hiddenSize(), 0),
                        matrix(prefix + "up_proj.weight", model.feedForwardSize(), model.hiddenSize(), 0),
                        matrix(prefix + "down_proj.weight", model.hiddenSize(), model.feedForwardSize(), 1)));
    }

    private ParameterSpec embeddingWeight() {
        return matrix(EMBEDDING, model.vocabularySize(), model.hiddenSize(), -1);
    }

    private ParameterSpec norm(String name) {
        return new ParameterSpec(name, TensorShape.of(model.hiddenSize()), Placement.replicated(), 0);
    }

    /** A matrix split along {@code dim}, replicated when {@code dim} is negative. */
    private ParameterSpec matrix(String name, long rows, long columns, int dim) {
        Placement placement = dim < 0 || tensorDegree == 1
                ? Placement.replicated()
                : Placement.Split.ofSizes(
                        dim,
                        IntStream.range(0, tensorDegree)
                                .mapToObj(i -> (dim == 0 ? rows : columns) / tensorDegree)
                                .toList());
        return new ParameterSpec(name, TensorShape.of(rows, columns), placement, model.initializerRange());
    }
}
