package io.shardlab.plan;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.shardlab.tensor.TensorShape;
import java.util.List;
import java.util.Optional;

/**
 * A run of layers between two collectives: computed on one rank, with its own autograd graph.
 *
 * <p>A segment is data. The mathematics of each kind live in the {@code engine} room.
 *
 * @param name for people and error messages, for instance {@code layers.3.self_attn}
 * @param kind which mathematics
 * @param parameters in the order the kind lists them
 */
public record Segment(String name, Kind kind, List<ParameterSpec> parameters) {

    public Segment {
        parameters = List.copyOf(parameters);
    }

    /** Whether it keeps more than its inputs for its backward pass, so that computing it again then saves memory. */
    public boolean recomputable() {
        return !(kind instanceof Embedding
                || kind instanceof Norm
                || kind instanceof Residual
                || kind instanceof VocabularyLoss);
    }

    /** Which mathematics a segment stands for, with the figures that its parameters' shapes do not already tell. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Embedding.class, name = "embedding"),
        @JsonSubTypes.Type(value = Norm.class, name = "norm"),
        @JsonSubTypes.Type(value = Attention.class, name = "attention"),
        @JsonSubTypes.Type(value = FeedForward.class, name = "feed-forward"),
        @JsonSubTypes.Type(value = Residual.class, name = "residual"),
        @JsonSubTypes.Type(value = Head.class, name = "head"),
        @JsonSubTypes.Type(value = VocabularyScores.class, name = "vocabulary-scores"),
        @JsonSubTypes.Type(value = VocabularyLoss.class, name = "vocabulary-loss"),
        @JsonSubTypes.Type(value = Block.class, name = "block"),
        @JsonSubTypes.Type(value = PartialLinear.class, name = "partial-linear"),
        @JsonSubTypes.Type(value = Bias.class, name = "bias"),
        @JsonSubTypes.Type(value = Loss.class, name = "loss")
    })
    public sealed interface Kind {

        /** Shape of one sample's output where it is not [T,D]: in the segments of a user's block. */
        default Optional<TensorShape> sampleShape() {
            return Optional.empty();
        }

        /**
         * Whether its input gradients can be had before its weight gradients, as schedules with I and W passes want it. A kind
         * whose weights cost little may compute them along with the inputs'.
         */
        default boolean splitsBackward() {
            return true;
        }
    }

    /**
     * Token ids [B,T] to rows of the weight [V,D]: [B,T,D]. Where the weight is split along V, ids of other ranks' rows give
     * zeros, and the result is a partial sum over the tensor axis.
     */
    public record Embedding() implements Kind {}

    /** RMS normalisation of [B,T,D] by the weight [D] (Zhang and Sennrich 2019, eq. 4). */
    public record Norm(double epsilon) implements Kind {}

    /**
     * Causal grouped-query attention with rotary positions on [B,T,D]; the output projection's result is a partial sum
     * over the tensor axis. Parameters: q [H·d,D], k [K·d,D], v [K·d,D], o [D,H·d].
     */
    public record Attention(int numHeads, int numKeyValueHeads, int headDim, double ropeTheta) implements Kind {}

    /** SwiGLU on [B,T,D]: down(silu(gate x) · up x), a partial sum over the tensor axis. Parameters: gate, up [F,D], down [D,F]. */
    public record FeedForward() implements Kind {}

    /** The sum of two tensors of one shape. */
    public record Residual() implements Kind {}

    /**
     * Final norm, projection to the vocabulary and mean cross-entropy against the targets: [B,T,D] to a scalar.
     * Parameters: norm [D], projection [V,D].
     */
    public record Head(double epsilon) implements Kind {}

    /**
     * The first half of a head whose vocabulary is split over the tensor axis (Shoeybi et al. 2019, section 3): [B,T,D] and
     * targets [B,T] to [3,N], N = B·T. Of each token: the largest score in this rank's part of the vocabulary, the sum over the
     * part of exp(score − largest), and the target's score, 0 where another rank has it. Parameter: projection [V,D].
     */
    public record VocabularyScores() implements Kind {}

    /** The second half: the scores [t,3,N] of all t parts to the sum of the cross-entropies, a scalar. No gradient goes to the largest. */
    public record VocabularyLoss() implements Kind {}

    /**
     * Consecutive children of a user's DJL block, on tensors of any shape whose first dimension counts samples. Parameters: those
     * of the children, in their order.
     *
     * @param code which compiled block, see {@code model.BlockCode}
     * @param first index of the first child, nested sequences counted through
     * @param end index after the last child
     * @param input shape of one sample
     * @param output shape of one sample
     * @param inputGradient whether anyone before needs a gradient; not where the samples themselves come in
     * @param flops of one sample's forward pass, as measured against matrix products
     * @param saved elements that one sample's graph keeps inside
     */
    public record Block(
            String code,
            int first,
            int end,
            TensorShape input,
            TensorShape output,
            boolean inputGradient,
            double flops,
            long saved)
            implements Kind {
        @Override
        public Optional<TensorShape> sampleShape() {
            return Optional.of(output);
        }

        @Override
        public boolean splitsBackward() {
            return false;
        }
    }

    /** x·Wᵀ on the columns of W that this rank holds: a partial sum over the tensor axis. Parameter: weight [O,I]. */
    public record PartialLinear(TensorShape output) implements Kind {
        @Override
        public Optional<TensorShape> sampleShape() {
            return Optional.of(output);
        }

        @Override
        public boolean splitsBackward() {
            return false;
        }
    }

    /** Adds a bias to the last dimension, once the partial sums before it are complete. Parameter: bias [O]. */
    public record Bias(TensorShape output) implements Kind {
        @Override
        public Optional<TensorShape> sampleShape() {
            return Optional.of(output);
        }
    }

    /** Scores [b,C] and class labels [b] to the <em>sum</em> of the samples' losses, a scalar. */
    public record Loss(LossFunction function) implements Kind {
        @Override
        public Optional<TensorShape> sampleShape() {
            return Optional.of(TensorShape.of());
        }
    }
}
