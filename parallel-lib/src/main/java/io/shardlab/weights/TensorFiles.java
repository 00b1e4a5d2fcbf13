package io.shardlab.weights;

import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.Extent;
import io.shardlab.weights.WeightSource.Slice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * The safetensors files of a layout, open for writing parts of tensors at their places, while other ranks write other parts.
 * Nothing is mapped: a full disk is an exception, never a signal. Owned by one thread.
 */
public final class TensorFiles implements AutoCloseable {

    /** What one rank wrote into a file or read from it, and how long that took. */
    public record FileTime(String file, long bytes, long nanos) {}

    private static final int BLOCK_BYTES = 4 << 20;

    private static final class Open {
        final FileChannel channel;
        long bytes;
        long nanos;

        Open(FileChannel channel) {
            this.channel = channel;
        }
    }

    private final Path folder;
    private final SafetensorsLayout layout;
    private final LongConsumer listener;
    private final Map<String, Open> files = new LinkedHashMap<>();

    /**
     * Opens the files that {@link SafetensorsLayout#create} made.
     *
     * @param listener hears how many bytes were written after each block; what it throws ends the writing
     */
    public TensorFiles(Path folder, SafetensorsLayout layout, LongConsumer listener) {
        this.folder = folder;
        this.layout = layout;
        this.listener = listener;
    }

    /**
     * Writes a part of a tensor.
     *
     * @param held what this rank holds of the tensor
     * @param part of the tensor, inside {@code held}, that this rank writes
     * @param elements of {@code held}, flattened row-major, that {@code bytes} are
     */
    public void write(ParameterSpec parameter, Slice held, Slice part, Extent elements, ByteBuffer bytes) {
        SafetensorsLayout.Place place = layout.place(parameter.name());
        int width = layout.type().bytes();
        Path path = folder.resolve(place.file());
        try {
            Open file = files.get(place.file());
            if (file == null) {
                file = new Open(FileChannel.open(path, StandardOpenOption.WRITE));
                files.put(place.file(), file);
            }
            Open open = file;
            long start = System.nanoTime();
            held.forEachRun(part, elements, (here, whole, count) -> {
                int from = Math.toIntExact(here * width);
                ByteBuffer run = bytes.slice(from, Math.toIntExact(count * width));
                write(path, open, run, place.offset() + whole * width);
            });
            open.nanos += System.nanoTime() - start;
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": " + e.getMessage(), e);
        }
    }

    private void write(Path path, Open file, ByteBuffer run, long position) {
        try {
            for (int from = 0; from < run.limit(); from += BLOCK_BYTES) {
                ByteBuffer block = run.slice(from, Math.min(BLOCK_BYTES, run.limit() - from));
                int length = block.remaining();
                while (block.hasRemaining()) {
                    file.channel.write(block, position + from + block.position());
                }
                file.bytes += length;
                listener.accept(length);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": " + e.getMessage(), e);
        }
    }

    /** Forces everything to disk and says what was written. */
    public List<FileTime> finish() {
        List<FileTime> written = new ArrayList<>();
        files.forEach((name, file) -> {
            try {
                long start = System.nanoTime();
                file.channel.force(true);
                written.add(new FileTime(name, file.bytes, file.nanos + System.nanoTime() - start));
            } catch (IOException e) {
                throw new UncheckedIOException(folder.resolve(name) + ": " + e.getMessage(), e);
            }
        });
        return written;
    }

    @Override
    public void close() {
        for (Open file : files.values()) {
            try {
                file.channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
