package io.shardlab.magics.local;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Presets;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a checkpoint's configuration says. */
final class PlacedCheckpointTest {

    @TempDir
    Path folder;

    @Test
    void whatTransformersFiveSaysInAnotherPlaceIsSavedAlikeInBoth() throws IOException {
        ObjectNode config = Presets.resolve("tiny").toConfig();
        config.remove("rope_theta");
        config.put("dtype", "bfloat16").put("bos_token_id", 1);
        config.putObject("rope_parameters").put("rope_theta", 500_000).put("rope_type", "default");
        Path file = folder.resolve("config.json");
        Files.writeString(file, config.toString());
        ModelSpec model = ModelSpec.read(folder);
        JsonNode saved = PlacedCheckpoint.config(model, TensorType.FLOAT32, Optional.of(folder));
        assertEquals(500_000, saved.path("rope_theta").asDouble());
        assertEquals(500_000, saved.path("rope_parameters").path("rope_theta").asDouble());
        assertEquals("default", saved.path("rope_parameters").path("rope_type").asText());
        assertEquals("float32", saved.path("dtype").asText());
        assertEquals("float32", saved.path("torch_dtype").asText());
        assertEquals(1, saved.path("bos_token_id").asInt());
        Files.writeString(file, saved.toString());
        assertEquals(model, ModelSpec.read(folder));
    }

    @Test
    void aBaseOutsideRopeParametersIsSavedInsideToo() throws IOException {
        ObjectNode config = Presets.resolve("tiny").toConfig();
        config.put("rope_theta", 500_000.0).putObject("rope_parameters").put("rope_type", "default");
        Files.writeString(folder.resolve("config.json"), config.toString());
        JsonNode saved = PlacedCheckpoint.config(ModelSpec.read(folder), TensorType.FLOAT32, Optional.of(folder));
        assertEquals(500_000, saved.path("rope_parameters").path("rope_theta").asDouble());
    }
}
