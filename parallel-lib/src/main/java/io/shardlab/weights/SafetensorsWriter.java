package io.shardlab.weights;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.shardlab.plan.Json;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes a safetensors file: to a temporary name beside it, forced to disk, then renamed. */
public final class SafetensorsWriter {

    private record Tensor(TensorType type, TensorShape shape, ByteBuffer bytes) {}

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    /**
     * Adds a tensor.
     *
     * @param bytes row-major elements between position and limit, in native (little-endian) order; read when written
     */
    public SafetensorsWriter add(String name, TensorType type, TensorShape shape, ByteBuffer bytes) {
        long expected = Math.multiplyExact(shape.numElements(), type.bytes());
        if (bytes.remaining() != expected) {
            throw new IllegalArgumentException(
                    name + ": shape " + shape + " needs " + expected + " bytes, found " + bytes.remaining());
        }
        if (name.equals("__metadata__")) {
            throw new IllegalArgumentException("tensor '" + name + "' has the name that the format keeps for itself");
        }
        if (tensors.putIfAbsent(name, new Tensor(type, shape, bytes)) != null) {
            throw new IllegalArgumentException("tensor '" + name + "' is added twice");
        }
        return this;
    }

    public void write(Path file) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try (FileChannel channel = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            byte[] header = header();
            ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            length.putLong(header.length).flip();
            writeFully(channel, length);
            writeFully(channel, ByteBuffer.wrap(header));
            for (Tensor tensor : tensors.values()) {
                writeFully(channel, tensor.bytes.duplicate());
            }
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private byte[] header() throws IOException {
        ObjectNode json = Json.mapper().createObjectNode();
        json.putObject("__metadata__").put("format", "pt");
        long offset = 0;
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            Tensor tensor = entry.getValue();
            ObjectNode described = json.putObject(entry.getKey());
            described.put("dtype", tensor.type == TensorType.FLOAT32 ? "F32" : "F64");
            tensor.shape.dims().forEach(described.putArray("shape")::add);
            long end = offset + tensor.bytes.remaining();
            described.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        byte[] text = Json.mapper().writeValueAsString(json).getBytes(StandardCharsets.UTF_8);
        // Padded with blanks so that the data starts at a multiple of 8, as the reference writer does.
        byte[] padded = java.util.Arrays.copyOf(text, (text.length + 7) / 8 * 8);
        java.util.Arrays.fill(padded, text.length, padded.length, (byte) ' ');
        return padded;
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
