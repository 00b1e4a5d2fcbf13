package io.shardlab.model;

import io.shardlab.mesh.Axis;
import io.shardlab.plan.Collective;
import io.shardlab.plan.Options;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import java.util.ArrayList;
import java.util.List;

/**
 * The steps of a Llama decoder, cut for tensor parallelism as in Megatron-LM (Shoeybi et al. 2019, section 3): heads,
 * feed-forward columns and vocabulary are split; embedding and the projections back to D give partial sums that an all-reduce
 * completes. Norms are replicated.
 *
 * <p>With sequence parallelism (Korthikanti et al. 2022, section 4.2.2) the residual values and what is computed on them are split
 * along tokens: an all-gather before each block and a reduce-scatter after it take the all-reduce's place.
 */
final class Decoder {

    private static final String EMBEDDING = "model.embed_tokens.weight";
    /** Largest, sum of exponentials, target's. */
    private static final int SCORES_PER_PART = 3;

    private final ModelSpec model;
    private final int tensorDegree;
    private final boolean splitRows;
    private final TensorSplit split;

    /**
     * A decoder cut for {@code tensorDegree} ranks.
     *
     * @param sequence T, which decides how dear attention scores are
     */
    Decoder(ModelSpec model, int tensorDegree, int sequence, Options options) {
        this.model = model;
        this.tensorDegree = tensorDegree;
        splitRows = options.sequenceParallel() && tensorDegree > 1;
        split = TensorSplit.of(model, tensorDegree, sequence, options.uneven());
    }

    /** Tokens to the first residual value, {@code x0}. */
    List<Step> embedding() {
        Segment segment = new Segment("embed_tokens", new Segment.Embedding(), List.of(embeddingWeight()));
        List<Step> steps = new ArrayList<>();
        if (tensorDegree == 1) {
            steps.add(new Step.Local(segment, List.of(Stage.TOKENS), "x0"));
        } else {
            steps.add(new Step.Local(segment, List.of(Stage.TOKENS), "x0'"));
            steps.add(leave("x0'", "x0"));
        }
        return steps;
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
    List<Step> head() {
        String x = "x" + 2 * model.numLayers();
        ParameterSpec norm = norm("model.norm.weight");
        ParameterSpec projection = model.tied() ? embeddingWeight() : vocabulary("lm_head.weight");
        if (tensorDegree == 1) {
            Segment head = new Segment("head", new Segment.Head(model.normEpsilon()), List.of(norm, projection));
            return List.of(new Step.Local(head, List.of(x, Stage.TARGETS), Stage.LOSS));
        }
        String h = "h" + 2 * model.numLayers();
        return List.of(
                new Step.Local(
                        new Segment("norm", new Segment.Norm(model.normEpsilon()), List.of(norm)), List.of(x), h),
                enter(h, h + "'"),
                new Step.Local(
                        new Segment("head", new Segment.VocabularyScores(), List.of(projection)),
                        List.of(h + "'", Stage.TARGETS),
                        "scores'"),
                new Step.Communicate(
                        Collective.GATHER,
                        Axis.TENSOR,
                        "scores'",
                        "scores",
                        SCORES_PER_PART * tensorDegree,
                        Step.Parts.SLABS),
                new Step.Local(
                        new Segment("loss", new Segment.VocabularyLoss(), List.of()), List.of("scores"), Stage.LOSS));
    }

    /** Into the part of the program where weights are split. */
    private Step enter(String input, String output) {
        Collective collective = splitRows ? Collective.ALL_GATHER : Collective.COPY;
        return new Step.Communicate(collective, Axis.TENSOR, input, output, model.hiddenSize());
    }

    /** Out of it, from partial sums. */
    private Step leave(String input, String output) {
        Collective collective = splitRows ? Collective.REDUCE_SCATTER : Collective.ALL_REDUCE;
        return new Step.Communicate(collective, Axis.TENSOR, input, output, model.hiddenSize());
    }

    /** x(i) → norm → copy or all-gather → segment → all-reduce or reduce-scatter → + x(i). */
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
            steps.add(enter(h, h + "'"));
            steps.add(new Step.Local(segment, List.of(h + "'"), y + "'"));
            steps.add(leave(y + "'", y));
        }
        Segment residual = new Segment(segment.name() + ".residual", new Segment.Residual(), List.of());
        steps.add(new Step.Local(residual, List.of(x, y), "x" + (index + 1)));
    }

    private Segment attention(int layer) {
        String prefix = "model.layers." + layer + ".self_attn.";
        List<Extent> queries = TensorSplit.scaled(split.queryHeads(), model.headDim());
        List<Extent> keys = TensorSplit.scaled(split.keyValueHeads(), model.headDim());
        long numQueries = (long) model.numHeads() * model.headDim();
        long numKeys = (long) model.numKeyValueHeads() * model.headDim();
        return new Segment(
                "layers." + layer + ".self_attn",
                new Segment.Attention(model.numHeads(), model.numKeyValueHeads(), model.headDim(), model.ropeTheta()),
                List.of(
                        rows(prefix + "q_proj.weight", numQueries, queries),
                        rows(prefix + "k_proj.weight", numKeys, keys),
                        rows(prefix + "v_proj.weight", numKeys, keys),
                        columns(prefix + "o_proj.weight", numQueries, queries)));
    }

    private Segment feedForward(int layer) {
        String prefix = "model.layers." + layer + ".mlp.";
        return new Segment(
                "layers." + layer + ".mlp",
                new Segment.FeedForward(),
                List.of(
                        rows(prefix + "gate_proj.weight", model.feedForwardSize(), split.columns()),
                        rows(prefix + "up_proj.weight", model.feedForwardSize(), split.columns()),
                        columns(prefix + "down_proj.weight", model.feedForwardSize(), split.columns())));
    }

    private ParameterSpec embeddingWeight() {
        return vocabulary(EMBEDDING);
    }

    private ParameterSpec vocabulary(String name) {
        return rows(name, model.vocabularySize(), split.vocabulary());
    }

    /** With split rows each rank sees its own tokens only, and finds their part of the gradient. */
    private ParameterSpec norm(String name) {
        return new ParameterSpec(name, TensorShape.of(model.hiddenSize()), Placement.replicated(), 0)
                .withPartialGradient(splitRows);
    }

    /** A matrix [numRows,D] split along its rows. */
    private ParameterSpec rows(String name, long numRows, List<Extent> extents) {
        return matrix(name, TensorShape.of(numRows, model.hiddenSize()), new Placement.Split(0, extents));
    }

    /** A matrix [D,numColumns] split along its columns. */
    private ParameterSpec columns(String name, long numColumns, List<Extent> extents) {
        return matrix(name, TensorShape.of(model.hiddenSize(), numColumns), new Placement.Split(1, extents));
    }

    private ParameterSpec matrix(String name, TensorShape shape, Placement split) {
        return new ParameterSpec(
                name, shape, tensorDegree == 1 ? Placement.replicated() : split, model.initializerRange());
    }
}
