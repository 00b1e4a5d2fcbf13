package io.shardlab.weights;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.shardlab.plan.Json;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Words;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The weights of a model folder in Hugging Face layout: one safetensors file, or several with an index. */
public final class SafetensorsFolder implements WeightSource, AutoCloseable {

    private static final String INDEX = "model.safetensors.index.json";
    private static final int MOST_NAMES = 3;

    private final Path folder;
    private final List<SafetensorsFile> files = new ArrayList<>();
    private final Map<String, SafetensorsFile> byTensor = new LinkedHashMap<>();

    private SafetensorsFolder(Path folder) {
        this.folder = folder;
    }

    /** Whether a folder holds weights at all. */
    public static boolean holdsWeights(Path folder) {
        try (Stream<Path> names = Files.list(folder)) {
            return names.anyMatch(name -> name.toString().endsWith(".safetensors")
                    || name.getFileName().toString().equals(INDEX));
        } catch (IOException e) {
            return false;
        }
    }

    /** Opens {@code folder}, or a single {@code .safetensors} file; only headers are read. */
    public static SafetensorsFolder open(Path folder) throws IOException {
        SafetensorsFolder opened = new SafetensorsFolder(folder);
        try {
            Path index = folder.resolve(INDEX);
            if (Files.isRegularFile(folder)) {
                opened.addFile(folder);
            } else if (Files.exists(index)) {
                opened.addIndex(index);
            } else {
                try (Stream<Path> names = Files.list(folder)) {
                    for (Path file : names.filter(name -> name.toString().endsWith(".safetensors"))
                            .sorted()
                            .toList()) {
                        opened.addFile(file);
                    }
                }
            }
            if (opened.files.isEmpty()) {
                throw new IOException(folder + " holds no .safetensors file");
            }
            return opened;
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    private SafetensorsFile addFile(Path path) throws IOException {
        SafetensorsFile file = SafetensorsFile.open(path);
        files.add(file);
        for (String name : file.entries().keySet()) {
            SafetensorsFile other = byTensor.putIfAbsent(name, file);
            if (other != null) {
                throw new DamagedFileException(path, "tensor '" + name + "' is also in " + other.path());
            }
        }
        return file;
    }

    private void addIndex(Path index) throws IOException {
        JsonNode map = weightMap(index);
        Map<String, SafetensorsFile> opened = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            if (!entry.getValue().isTextual()) {
                throw new DamagedFileException(index, "tensor '" + entry.getKey() + "' is not in a named file");
            }
            String fileName = entry.getValue().asText();
            if (fileName.startsWith(".") || fileName.chars().anyMatch(c -> c == '/' || c == '\\' || c == 0)) {
                throw new DamagedFileException(index, "tensor '" + entry.getKey() + "' points outside: " + fileName);
            }
            Path path = index.resolveSibling(fileName);
            if (!Files.isRegularFile(path)) {
                throw new DamagedFileException(
                        index, "tensor '" + entry.getKey() + "' is in the missing file " + fileName);
            }
            SafetensorsFile file = opened.get(fileName);
            if (file == null) {
                file = addFile(path);
                opened.put(fileName, file);
            }
            if (!file.entries().containsKey(entry.getKey())) {
                throw new DamagedFileException(path, "tensor '" + entry.getKey() + "' named by the index is missing");
            }
        }
    }

    private static JsonNode weightMap(Path index) throws IOException {
        try (JsonParser json = Json.mapper().createParser(index.toFile())) {
            json.enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
            JsonNode root = json.readValueAsTree();
            JsonNode map = root == null ? MissingNode.getInstance() : root.path("weight_map");
            if (map.isEmpty() || !map.isObject()) {
                throw new DamagedFileException(index, "weight_map names no tensor");
            }
            return map;
        } catch (JsonProcessingException e) {
            throw new DamagedFileException(index, "index is not the expected JSON: " + e.getOriginalMessage());
        }
    }

    /** The name of the file that holds a tensor. */
    public String fileOf(ParameterSpec parameter) {
        return String.valueOf(file(parameter).path().getFileName());
    }

    private SafetensorsFile file(ParameterSpec parameter) {
        SafetensorsFile file = byTensor.get(parameter.name());
        if (file == null) {
            throw new IllegalArgumentException(folder + " has no tensor '" + parameter.name() + "'");
        }
        return file;
    }

    @Override
    public void read(ParameterSpec parameter, Slice slice, TensorType type, ByteBuffer target) {
        file(parameter).read(parameter.name(), slice, type, target);
    }

    @Override
    public void verify(Iterable<ParameterSpec> parameters) {
        List<String> mismatches = new ArrayList<>();
        for (ParameterSpec parameter : parameters) {
            SafetensorsFile file = byTensor.get(parameter.name());
            if (file == null) {
                mismatches.add(parameter.name() + ": expected " + parameter.shape() + ", found nothing");
            } else {
                var entry = file.entries().get(parameter.name());
                if (entry != null && !entry.type().floating()) {
                    mismatches.add(parameter.name() + ": expected floating point, found " + entry.type());
                } else if (entry != null && !entry.shape().equals(parameter.shape())) {
                    mismatches.add(parameter.name() + ": expected " + parameter.shape() + ", found " + entry.shape());
                }
            }
        }
        if (!mismatches.isEmpty()) {
            throw new DamagedFileException(
                    folder,
                    "weights do not fit the configuration:" + (mismatches.size() == 1 ? " " : "\n  ")
                            + String.join("\n  ", mismatches));
        }
    }

    /** {@link #verify} for all parameters of a model; refuses also tensors that it has no use for, as they would change it. */
    public void verifyModel(List<ParameterSpec> parameters) {
        verify(parameters);
        Set<String> used = parameters.stream().map(ParameterSpec::name).collect(Collectors.toSet());
        List<String> unused = byTensor.keySet().stream()
                .filter(name -> !used.contains(name) && !isImplied(name))
                .toList();
        if (!unused.isEmpty()) {
            throw new DamagedFileException(
                    folder,
                    "the model has no use for " + Words.counted(unused.size(), "tensor") + ": "
                            + String.join(", ", unused.subList(0, Math.min(MOST_NAMES, unused.size())))
                            + (unused.size() > MOST_NAMES ? ", …" : "")
                            + "; expected only what config.json describes, so correct that or remove them");
        }
    }

    /** What repeats something else: the projection where it is the embedding's weight, the rotary frequencies of old files. */
    private static boolean isImplied(String tensor) {
        return tensor.equals("lm_head.weight") || tensor.endsWith("rotary_emb.inv_freq");
    }

    @Override
    public void close() {
        SafetensorsFile.closeAll(files);
    }
}
