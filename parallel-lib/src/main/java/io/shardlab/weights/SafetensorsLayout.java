package io.shardlab.weights;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.shardlab.plan.Json;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Where every tensor of a model lies in the safetensors files of a folder, known before any of them is written: so that many
 * ranks can write their parts of one file at the same time. Files are named as Hugging Face names them: {@code
 * model.safetensors}, or {@code model-00001-of-00003.safetensors} … where one would be too long.
 */
public final class SafetensorsLayout {

    /** Longest file, unless a single tensor is longer: Hugging Face's limit. */
    public static final long MAX_FILE_BYTES = 5_000_000_000L;

    /** One file: its tensors, and the bytes before their data. */
    private record Planned(String name, byte[] header, long bytes) {}

    /** Where a tensor's data begin. */
    record Place(String file, long offset) {}

    private final TensorType type;
    private final List<Planned> files = new ArrayList<>();
    private final Map<String, Place> places = new LinkedHashMap<>();

    private SafetensorsLayout(TensorType type) {
        this.type = type;
    }

    /**
     * Lays tensors out in their order.
     *
     * @param stem start of the files' names, {@code model} for weights
     * @param maxFileBytes a new file begins where the next tensor would make one longer than this
     */
    public static SafetensorsLayout of(
            String stem, List<ParameterSpec> parameters, TensorType type, long maxFileBytes) {
        List<Map<String, SafetensorsFile.Entry>> files = new ArrayList<>();
        long offset = 0;
        for (ParameterSpec parameter : parameters) {
            long bytes = Math.multiplyExact(parameter.shape().numElements(), type.bytes());
            if (files.isEmpty() || (offset > 0 && offset + bytes > maxFileBytes)) {
                files.add(new LinkedHashMap<>());
                offset = 0;
            }
            files.get(files.size() - 1)
                    .put(
                            parameter.name(),
                            new SafetensorsFile.Entry(
                                    SafetensorsFile.ElementType.of(type), parameter.shape(), offset, offset + bytes));
            offset += bytes;
        }
        SafetensorsLayout layout = new SafetensorsLayout(type);
        for (int i = 0; i < files.size(); i++) {
            String suffix = files.size() == 1 ? "" : String.format(Locale.ROOT, "-%05d-of-%05d", i + 1, files.size());
            layout.add(stem + suffix + ".safetensors", files.get(i));
        }
        return layout;
    }

    private void add(String name, Map<String, SafetensorsFile.Entry> tensors) {
        byte[] header = SafetensorsHeader.format(tensors);
        long end = header.length;
        for (Map.Entry<String, SafetensorsFile.Entry> tensor : tensors.entrySet()) {
            places.put(
                    tensor.getKey(),
                    new Place(name, header.length + tensor.getValue().begin()));
            end = header.length + tensor.getValue().end();
        }
        files.add(new Planned(name, header, end));
    }

    TensorType type() {
        return type;
    }

    Place place(String tensor) {
        Place place = places.get(tensor);
        if (place == null) {
            throw new IllegalArgumentException("tensor '" + tensor + "' is not part of the layout");
        }
        return place;
    }

    /** Length of each file when all tensors are written, by name. */
    public Map<String, Long> fileBytes() {
        Map<String, Long> bytes = new LinkedHashMap<>();
        files.forEach(file -> bytes.put(file.name, file.bytes));
        return bytes;
    }

    /** Bytes of all tensors, without headers. */
    public long dataBytes() {
        return files.stream().mapToLong(file -> file.bytes - file.header.length).sum();
    }

    /** Makes the files, headers only; {@link TensorFiles} writes the rest. */
    public void create(Path folder) throws IOException {
        for (Planned file : files) {
            Files.write(folder.resolve(file.name), file.header, StandardOpenOption.CREATE_NEW);
        }
    }

    /** The index that says which tensor is in which file, where there are several. */
    public Optional<ObjectNode> index() {
        if (files.size() == 1) {
            return Optional.empty();
        }
        ObjectNode json = Json.mapper().createObjectNode();
        json.putObject("metadata").put("total_size", dataBytes());
        ObjectNode map = json.putObject("weight_map");
        places.forEach((name, place) -> map.put(name, place.file));
        return Optional.of(json);
    }
}
