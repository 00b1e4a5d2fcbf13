package io.shardlab.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The models that come with shardlab: byte-level decoders of a few sizes, without trained weights. */
public final class Presets {

    private static final List<ModelSpec> ALL = List.of(
            preset("tiny", 64, 192, 4, 4, 4, 256),
            preset("small", 128, 384, 6, 8, 4, 512),
            preset("char", 256, 704, 6, 8, 8, 512),
            preset("medium", 512, 1376, 8, 8, 8, 1024),
            preset("large", 768, 2048, 12, 12, 4, 1024));

    private Presets() {}

    private static ModelSpec preset(
            String name, int hidden, int feedForward, int layers, int heads, int keyValueHeads, int maxSequence) {
        return new ModelSpec(
                name,
                256,
                hidden,
                feedForward,
                layers,
                heads,
                keyValueHeads,
                hidden / heads,
                10_000,
                1e-5,
                true,
                maxSequence,
                // 0.02 at a width of 400, as usual, and wider for narrower models, which would learn slowly from it.
                0.4 / Math.sqrt(hidden),
                Optional.empty());
    }

    public static List<ModelSpec> all() {
        return ALL;
    }

    /** The preset of that name, or the model of that folder. */
    public static ModelSpec resolve(String model) throws IOException {
        Optional<ModelSpec> preset =
                ALL.stream().filter(spec -> spec.name().equals(model)).findFirst();
        if (preset.isPresent()) {
            return preset.get();
        }
        Path folder = Path.of(model);
        if (Files.isDirectory(folder)) {
            return ModelSpec.read(folder);
        }
        if (model.endsWith(".gguf")) {
            throw new IllegalArgumentException("model '" + model + "': GGUF files are not there yet");
        }
        throw new IllegalArgumentException("model '" + model + "' is neither a preset ("
                + String.join(", ", ALL.stream().map(ModelSpec::name).toList()) + ") nor a folder with a config.json");
    }
}
