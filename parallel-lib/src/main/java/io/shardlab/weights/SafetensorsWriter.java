package io.shardlab.weights;

import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
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
            writeFully(channel, ByteBuffer.wrap(header));
            for (Tensor tensor : tensors.values()) {
                writeFully(channel, tensor.bytes.duplicate());
            }
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private byte[] header() {
        Map<String, SafetensorsFile.Entry> entries = new LinkedHashMap<>();
        long offset = 0;
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            Tensor tensor = entry.getValue();
            long end = offset + tensor.bytes.remaining();
            entries.put(
                    entry.getKey(),
                    new SafetensorsFile.Entry(SafetensorsFile.ElementType.of(tensor.type), tensor.shape, offset, end));
            offset = end;
        }
        return SafetensorsHeader.format(entries);
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
