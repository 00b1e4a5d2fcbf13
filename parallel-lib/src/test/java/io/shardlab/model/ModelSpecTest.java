package io.shardlab.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.shardlab.plan.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a model folder's configuration may say. */
final class ModelSpecTest {

    @TempDir
    Path folder;

    private ModelSpec read(JsonNode config) throws IOException {
        Files.writeString(folder.resolve("config.json"), config.toString());
        return ModelSpec.read(folder);
    }

    private static ObjectNode tiny() throws IOException {
        return Presets.resolve("tiny").toConfig();
    }

    @Test
    void aConfigurationReadBackIsTheSameModel() throws IOException {
        for (ModelSpec preset : Presets.all()) {
            ModelSpec read = read(preset.toConfig());
            assertEquals(preset.toConfig(), read.toConfig());
            assertEquals(folder.toString(), read.name());
            assertEquals(Optional.empty(), read.weights());
        }
    }

    @Test
    void leftOutFieldsHaveHuggingFaceDefaults() throws IOException {
        ObjectNode config = tiny();
        config.remove(List.of(
                "num_key_value_heads",
                "head_dim",
                "rope_theta",
                "rms_norm_eps",
                "tie_word_embeddings",
                "max_position_embeddings",
                "initializer_range",
                "hidden_act",
                "architectures"));
        ModelSpec read = read(config);
        assertEquals(4, read.numKeyValueHeads());
        assertEquals(16, read.headDim());
        assertEquals(10_000, read.ropeTheta());
        assertEquals(1e-6, read.normEpsilon());
        assertEquals(false, read.tied());
        assertEquals(2048, read.maxSequence());
        assertEquals(0.02, read.initializerRange());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"})
    void aMissingFieldIsNamed(String field) throws IOException {
        ObjectNode config = tiny();
        config.remove(field);
        refused(config, field + " is missing");
    }

    @ParameterizedTest(name = "{0} = {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
            hidden_size             | "64"                                | hidden_size is not a whole number: "64"
            hidden_size             | 64.5                                | hidden_size is not a whole number: 64.5
            hidden_size             | null                                | hidden_size is not a whole number: null
            hidden_size             | 99999999999                         | hidden_size is not a whole number: 99999999999
            hidden_size             | 0                                   | hidden_size 0 must be at least 1
            num_hidden_layers       | -1                                  | num_hidden_layers -1 must be at least 1
            num_attention_heads     | 0                                   | num_attention_heads 0 must be at least 1
            num_key_value_heads     | 3                                   | 3 KV heads do not divide 4 heads
            num_key_value_heads     | [4]                                 | num_key_value_heads is not a whole number
            head_dim                | 15                                  | head_dim 15 must be even
            rope_theta              | "big"                               | rope_theta is not a number
            rope_theta              | 0                                   | rope_theta 0.0 must be > 0
            rms_norm_eps            | 0                                   | rms_norm_eps 0.0 must lie in (0, 1)
            initializer_range       | -0.1                                | initializer_range -0.1 must be > 0
            rope_scaling            | {"type":"linear","factor":2.0}      | rope_scaling.type "linear" (expected default)
            rope_scaling            | {"factor":2.0}                      | rope_scaling {"factor":2.0} (expected rope_type default)
            rope_parameters         | {"rope_type":"llama3"}              | rope_parameters.rope_type "llama3" (expected default)
            rope_parameters         | {"rope_theta":500000}               | rope_theta 10000.0 and rope_parameters.rope_theta 500000.0 contradict
            rope_parameters         | {"rope_theta":"big"}                | rope_parameters.rope_theta is not a number: "big"
            rope_parameters         | {"partial_rotary_factor":0.5}       | rope_parameters.partial_rotary_factor 0.5 (expected 1.0)
            rope_interleaved        | true                                | rope_interleaved true (expected false)
            attention_bias          | true                                | attention_bias true (expected false)
            mlp_bias                | true                                | mlp_bias true (expected false)
            hidden_act              | "gelu"                              | hidden_act "gelu" (expected silu)
            hidden_activation       | "gelu"                              | hidden_activation "gelu" (expected silu)
            architectures           | ["MistralForCausalLM"]              | architectures "MistralForCausalLM" (expected LlamaForCausalLM)
            model_type              | "mistral"                           | model_type "mistral" (expected llama)
            sliding_window          | 128                                 | sliding_window 128 (expected none, or at least the 256 positions)
            partial_rotary_factor   | 0.5                                 | partial_rotary_factor 0.5 (expected 1.0)
            attention_multiplier    | 0.1                                 | attention_multiplier 0.1 (expected none)
            logits_scaling          | 8                                   | logits_scaling 8 (expected 1.0)
            residual_multiplier     | 0.2                                 | residual_multiplier 0.2 (expected 1.0)
            embedding_multiplier    | 12                                  | embedding_multiplier 12 (expected 1.0)
            final_logit_softcapping | 30.0                                | final_logit_softcapping 30.0 (expected none)
            attn_logit_softcapping  | 50.0                                | attn_logit_softcapping 50.0 (expected none)
            attention_dropout       | 0.1                                 | attention_dropout 0.1 (expected 0.0)
            tie_word_embeddings     | "perhaps"                           | tie_word_embeddings is not true or false
            """)
    void aWrongFieldIsNamedWithItsValue(String field, String value, String reason) throws IOException {
        ObjectNode config = tiny();
        config.set(field, Json.mapper().readTree(value));
        refused(config, reason);
    }

    private void refused(JsonNode config, String reason) {
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, () -> read(config));
        String message = String.valueOf(refused.getMessage());
        assertTrue(message.contains(reason), message);
        assertTrue(message.startsWith(folder.resolve("config.json").toString()), message);
    }

    /** A base of 10 000 was used whatever {@code rope_parameters} said: numbers that look well and are wrong. */
    @Test
    void theRotaryBaseIsReadWhereTransformersFivePutsIt() throws IOException {
        ObjectNode config = tiny();
        config.putObject("rope_parameters").put("rope_theta", 500_000).put("rope_type", "default");
        config.remove("rope_theta");
        assertEquals(500_000, read(config).ropeTheta());
        config.put("rope_theta", 500_000.0);
        config.putObject("rope_scaling").put("rope_type", "default");
        assertEquals(500_000, read(config).ropeTheta());
        config.putObject("rope_parameters");
        config.putObject("rope_scaling").put("type", "default").put("rope_theta", 500_000.0);
        assertEquals(500_000, read(config).ropeTheta());
    }

    @Test
    void everyFieldThatAsksForAnotherComputationIsListed() throws IOException {
        ObjectNode config = tiny();
        config.remove("architectures");
        config.put("model_type", "gemma2").put("hidden_activation", "gelu").put("sliding_window", 16);
        refused(
                config,
                "model_type \"gemma2\" (expected llama), hidden_activation \"gelu\" (expected silu), sliding_window 16");
    }

    @Test
    void whatGenuineLlamaConfigurationsSayBesidesIsAccepted() throws IOException {
        ObjectNode config = tiny();
        config.put("attention_bias", false)
                .put("attention_dropout", 0.0)
                .put("bos_token_id", 0)
                .put("is_llama_config", true)
                .put("pretraining_tp", 2)
                .put("rope_interleaved", false)
                .put("sliding_window", config.path("max_position_embeddings").asInt())
                .put("partial_rotary_factor", 1)
                .put("use_cache", true)
                .putNull("rope_scaling")
                .putNull("final_logit_softcapping")
                .putObject("transformers.js_config")
                .putObject("kv_cache_dtype")
                .put("q4f16", "float16");
        assertEquals(tiny(), read(config).toConfig());
    }

    @Test
    void nullIsAsGoodAsAbsentWhereThereIsADefault() throws IOException {
        ObjectNode config = tiny();
        config.putNull("rope_scaling").putNull("num_key_value_heads").putNull("head_dim");
        assertEquals(4, read(config).numKeyValueHeads());
    }

    @Test
    void whatIsNoConfigurationIsRefused() throws IOException {
        assertTrue(message(folder).contains("has no config.json"));
        Files.writeString(folder.resolve("config.json"), "{\"vocab_size\":");
        assertTrue(message(folder).contains("config.json is not JSON"));
        Files.writeString(folder.resolve("config.json"), "");
        assertTrue(message(folder).contains("hidden_size is missing"));
        Files.writeString(folder.resolve("config.json"), "[]");
        assertTrue(message(folder).contains("hidden_size is missing"));
    }

    private static String message(Path folder) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, () -> ModelSpec.read(folder))
                .getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            tyni       | is neither a preset (tiny, small, char, medium, large) nor a folder
            model.gguf | GGUF files are not there yet
            """)
    void anUnknownModelIsAnsweredWithWhatThereIs(String name, String reason) {
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, () -> Presets.resolve(name));
        assertTrue(String.valueOf(refused.getMessage()).contains(reason), refused::getMessage);
    }
}
