package io.shardlab.plan;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

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
        return !(kind instanceof Embedding || kind instanceof Norm || kind instanceof Residual);
    }

    /** Which mathematics a segment stands for, with the figures that its parameters' shapes do not already tell. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Embedding.class, name = "embedding"),
        @JsonSubTypes.Type(value = Norm.class, name = "norm"),
        @JsonSubTypes.Type(value = Attention.class, name = "attention"),
        @JsonSubTypes.Type(value = FeedForward.class, name = "feed-forward"),
        @JsonSubTypes.Type(value = Residual.class, name = "residual"),
        @JsonSubTypes.Type(value = Head.class, name = "head")
    })
    public sealed interface Kind {

        /**
         * Whether its input gradients can be had before its weight gradients, as schedules with I and W passes want it. A kind
         * whose weights cost little may compute them along with the inputs'.
         */
        default boolean splitsBackward() {
            return true;
        }
    }

    /** Token ids [B,T] to rows of the weight [V,D]: [B,T,D]. */
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
}
