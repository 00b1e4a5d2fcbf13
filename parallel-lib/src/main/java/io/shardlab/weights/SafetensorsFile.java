package io.shardlab.weights;

import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.WeightSource.Slice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;

/**
 * A safetensors file, open for reading slices.
 *
 * <p>Layout: 8 bytes little-endian header length, JSON header, data. Nothing is mapped: a file that another process
 * truncates gives an exception, never a signal. Not safe for several threads.
 */
public final class SafetensorsFile implements AutoCloseable {

    /** Element types of the format that can be read or skipped. */
    public enum ElementType {
        F64(8),
        F32(4),
        F16(2),
        BF16(2),
        I64(8),
        I32(4),
        I16(2),
        I8(1),
        U8(1),
        BOOL(1);

        private final int bytes;

        ElementType(int bytes) {
            this.bytes = bytes;
        }

        static ElementType of(TensorType type) {
            return type == TensorType.FLOAT32 ? F32 : F64;
        }

        int bytes() {
            return bytes;
        }

        boolean floating() {
            return ordinal() <= BF16.ordinal();
        }
    }

    /** One tensor: where it lies, counted from the end of the header. */
    public record Entry(ElementType type, TensorShape shape, long begin, long end) {}

    private static final int BLOCK_BYTES = 1 << 20;

    private final Path file;
    private final FileChannel channel;
    private final long dataStart;
    private final Map<String, Entry> entries;

    private SafetensorsFile(Path file, FileChannel channel, long dataStart, Map<String, Entry> entries) {
        this.file = file;
        this.channel = channel;
        this.dataStart = dataStart;
        this.entries = Collections.unmodifiableMap(entries);
    }

    /** Opens a file and checks its header; {@link DamagedFileException} when it breaks a rule. */
    public static SafetensorsFile open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            long size = channel.size();
            if (size < 8) {
                throw new DamagedFileException(file, "truncated: " + size + " bytes hold no header length");
            }
            ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            readFully(file, channel, length, 0);
            long headerBytes = length.getLong(0);
            if (headerBytes < 0 || headerBytes > SafetensorsHeader.MAX_HEADER_BYTES) {
                throw new DamagedFileException(
                        file,
                        "header length " + Long.toUnsignedString(headerBytes) + " at offset 0 is above the limit of "
                                + SafetensorsHeader.MAX_HEADER_BYTES);
            }
            if (headerBytes > size - 8) {
                throw new DamagedFileException(
                        file, "truncated: header says " + headerBytes + " bytes, file holds " + (size - 8));
            }
            byte[] header = new byte[(int) headerBytes];
            readFully(file, channel, ByteBuffer.wrap(header), 8);
            long dataStart = 8 + headerBytes;
            SafetensorsHeader parsed = SafetensorsHeader.parse(file, header, size - dataStart);
            return new SafetensorsFile(file, channel, dataStart, parsed.entries());
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    public Path path() {
        return file;
    }

    /** Tensors by name, in header order. */
    public Map<String, Entry> entries() {
        return entries;
    }

    /** Reads a slice, converted to {@code type} (widening F16 and BF16), row-major in native order. */
    public void read(String name, Slice slice, TensorType type, ByteBuffer target) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException(file + " has no tensor '" + name + "'");
        }
        long rowElements = slice.length() * slice.inner();
        int blockBytes = (int) Math.min(BLOCK_BYTES, rowElements * entry.type().bytes());
        ByteBuffer block = ByteBuffer.allocate(blockBytes).order(ByteOrder.LITTLE_ENDIAN);
        for (long outer = 0; outer < slice.outer(); outer++) {
            long element = (outer * slice.full() + slice.start()) * slice.inner();
            long left = rowElements;
            while (left > 0) {
                int count = (int) Math.min(left, BLOCK_BYTES / entry.type().bytes());
                block.clear().limit(count * entry.type().bytes());
                readFully(
                        file,
                        channel,
                        block,
                        dataStart + entry.begin() + element * entry.type().bytes());
                block.flip();
                convert(entry.type(), block, count, type, target);
                element += count;
                left -= count;
            }
        }
    }

    private void convert(ElementType from, ByteBuffer block, int count, TensorType to, ByteBuffer target) {
        for (int i = 0; i < count; i++) {
            double value =
                    switch (from) {
                        case F64 -> block.getDouble();
                        case F32 -> block.getFloat();
                        case F16 -> halfToFloat(block.getShort());
                        case BF16 -> Float.intBitsToFloat(block.getShort() << 16);
                        default -> throw new DamagedFileException(
                                file, "weights of type " + from + " are not floating point");
                    };
            if (to == TensorType.FLOAT32) {
                target.putFloat((float) value);
            } else {
                target.putDouble(value);
            }
        }
    }

    /** IEEE 754 binary16 to binary32, subnormals and specials included. */
    static float halfToFloat(short half) {
        int bits = half & 0xFFFF;
        int exponent = bits >>> 10 & 0x1F;
        int fraction = bits & 0x3FF;
        float magnitude;
        if (exponent == 0) {
            magnitude = fraction * 0x1p-24f;
        } else if (exponent == 31) {
            magnitude = fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
        } else {
            magnitude = Float.intBitsToFloat((exponent + 112) << 23 | fraction << 13);
        }
        return (bits & 0x8000) == 0 ? magnitude : -magnitude;
    }

    private static void readFully(Path file, FileChannel channel, ByteBuffer into, long position) {
        try {
            long at = position;
            while (into.hasRemaining()) {
                int count = channel.read(into, at);
                if (count < 0) {
                    throw new DamagedFileException(file, "truncated while being read, at offset " + at);
                }
                at += count;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /** Closes all of them, also where one fails to; then the first failure is thrown, with the others suppressed. */
    public static void closeAll(Iterable<SafetensorsFile> files) {
        UncheckedIOException failure = null;
        for (SafetensorsFile each : files) {
            try {
                each.close();
            } catch (IOException e) {
                if (failure == null) {
                    failure = new UncheckedIOException(e);
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
