package io.shardlab.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.shardlab.plan.Json;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.plan.Words;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.weights.SafetensorsFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A decoder of the Llama architecture: RMSNorm, rotary positions, SwiGLU, grouped-query attention.
 *
 * @param name as the user gave it
 * @param vocabularySize V
 * @param hiddenSize D
 * @param feedForwardSize F
 * @param numLayers L
 * @param numHeads query heads
 * @param numKeyValueHeads divides {@code numHeads}
 * @param headDim d, even
 * @param ropeTheta base of the rotary frequencies
 * @param normEpsilon added to the mean square
 * @param tied whether the projection to the vocabulary is the embedding's weight
 * @param maxSequence longest sequence the model is meant for
 * @param initializerRange standard deviation of initial matrices
 * @param weights folder with safetensors files, if there is one
 */
public record ModelSpec(
        String name,
        int vocabularySize,
        int hiddenSize,
        int feedForwardSize,
        int numLayers,
        int numHeads,
        int numKeyValueHeads,
        int headDim,
        double ropeTheta,
        double normEpsilon,
        boolean tied,
        int maxSequence,
        double initializerRange,
        Optional<Path> weights)
        implements Model {

    public ModelSpec {
        positive("vocab_size", vocabularySize);
        positive("hidden_size", hiddenSize);
        positive("intermediate_size", feedForwardSize);
        positive("num_hidden_layers", numLayers);
        positive("num_attention_heads", numHeads);
        positive("num_key_value_heads", numKeyValueHeads);
        positive("head_dim", headDim);
        positive("max_position_embeddings", maxSequence);
        require(
                numHeads % numKeyValueHeads == 0,
                numKeyValueHeads + " KV heads do not divide " + Words.counted(numHeads, "head"));
        require(headDim % 2 == 0, "head_dim " + headDim + " must be even for rotary positions");
        require(ropeTheta > 0 && Double.isFinite(ropeTheta), "rope_theta " + ropeTheta + " must be > 0");
        require(normEpsilon > 0 && normEpsilon < 1, "rms_norm_eps " + normEpsilon + " must lie in (0, 1)");
        require(
                initializerRange > 0 && Double.isFinite(initializerRange),
                "initializer_range " + initializerRange + " must be > 0");
    }

    private static void positive(String what, int value) {
        require(value >= 1, what + " " + value + " must be at least 1");
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    @Override
    public Plan plan(Scheme scheme, Planner.Settings settings, ScheduleRule rule) {
        return Planner.plan(this, scheme, settings, rule);
    }

    /** Parameters, tied ones counted once. */
    public long numParameters() {
        long d = hiddenSize;
        long attention = d * headDim * (2L * numHeads + 2L * numKeyValueHeads);
        long layer = attention + 3 * d * feedForwardSize + 2 * d;
        return layer * numLayers + d + (tied ? 1 : 2) * vocabularySize * d;
    }

    /** Reads the {@code config.json} of a Hugging Face model folder. */
    public static ModelSpec read(Path folder) throws IOException {
        Path file = folder.resolve("config.json");
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(folder + " has no config.json");
        }
        JsonNode json;
        try {
            json = Json.mapper().readTree(file.toFile());
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + " is not JSON: " + e.getOriginalMessage(), e);
        }
        try {
            return fromConfig(folder, json);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    private static ModelSpec fromConfig(Path folder, JsonNode json) {
        LlamaConfig config = new LlamaConfig(json);
        config.refuseWhatIsNotSupported();
        int hidden = config.integer("hidden_size");
        int heads = config.integer("num_attention_heads");
        return new ModelSpec(
                folder.toString(),
                config.integer("vocab_size"),
                hidden,
                config.integer("intermediate_size"),
                config.integer("num_hidden_layers"),
                heads,
                config.integer("num_key_value_heads", heads),
                config.integer("head_dim", hidden / Math.max(1, heads)),
                config.ropeTheta(),
                config.number("rms_norm_eps", 1e-6),
                config.flag("tie_word_embeddings"),
                config.maxSequence(),
                config.number("initializer_range", 0.02),
                SafetensorsFolder.holdsWeights(folder) ? Optional.of(folder) : Optional.empty());
    }

    /** The {@code config.json} that {@link #read} would turn into this model. */
    public ObjectNode toConfig() {
        ObjectNode json = Json.mapper().createObjectNode();
        json.putArray("architectures").add("LlamaForCausalLM");
        return json.put("model_type", "llama")
                .put("vocab_size", vocabularySize)
                .put("hidden_size", hiddenSize)
                .put("intermediate_size", feedForwardSize)
                .put("num_hidden_layers", numLayers)
                .put("num_attention_heads", numHeads)
                .put("num_key_value_heads", numKeyValueHeads)
                .put("head_dim", headDim)
                .put("rope_theta", ropeTheta)
                .put("rms_norm_eps", normEpsilon)
                .put("tie_word_embeddings", tied)
                .put("max_position_embeddings", maxSequence)
                .put("initializer_range", initializerRange)
                .put("hidden_act", "silu");
    }

    /** Refuses sequences that are longer than the model's positions. */
    public void requireSequence(int sequence) {
        if (sequence > maxSequence) {
            throw new IllegalArgumentException(
                    "seq " + sequence + " is longer than the " + Words.counted(maxSequence, "position") + " of " + name
                            + "; use --seq " + maxSequence + " or less");
        }
    }
}
