package io.shardlab.magics.home;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * A file of unsigned bytes in the IDX format of MNIST (LeCun, Cortes and Burges): 0, 0, 8, the number of dimensions, their lengths as
 * big-endian integers of 32 bits, the elements; plain or compressed by gzip. Read once, from front to back; offsets in messages
 * count uncompressed bytes.
 */
final class IdxFile implements AutoCloseable {

    private static final int UNSIGNED_BYTE = 8;
    private static final long MOST_BYTES = 512L << 20;

    private final Path file;
    private final InputStream in;
    private final List<Integer> lengths = new ArrayList<>();
    private long offset;

    /** Opens the file of that name in a folder, or the one that ends in {@code .gz}; empty lists are refused. */
    IdxFile(Path folder, String name, int numDimensions) throws IOException {
        Path plain = folder.resolve(name);
        file = Files.isRegularFile(plain) ? plain : folder.resolve(name + ".gz");
        InputStream raw = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
        try {
            in = file == plain ? raw : new GZIPInputStream(raw, 1 << 16);
            readHeader(numDimensions);
        } catch (IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
    }

    static boolean isIn(Path folder, String name) {
        return Files.isRegularFile(folder.resolve(name)) || Files.isRegularFile(folder.resolve(name + ".gz"));
    }

    private void readHeader(int numDimensions) throws IOException {
        int magic = readInt();
        int expected = UNSIGNED_BYTE << 8 | numDimensions;
        if (magic != expected) {
            throw damaged(0, String.format("begins with %08x, expected %08x", magic, expected));
        }
        long elements = 1;
        for (int i = 0; i < numDimensions; i++) {
            int length = readInt();
            if (length < 1 || elements * length > MOST_BYTES) {
                throw damaged(
                        offset - Integer.BYTES,
                        "dimension " + i + " of length " + length + " is outside 1 … " + MOST_BYTES / elements);
            }
            elements *= length;
            lengths.add(length);
        }
    }

    private int readInt() throws IOException {
        return ByteBuffer.wrap(read(Integer.BYTES)).getInt();
    }

    /** The lengths of its dimensions. */
    List<Integer> lengths() {
        return List.copyOf(lengths);
    }

    long offset() {
        return offset;
    }

    /** The next bytes. */
    byte[] read(int count) throws IOException {
        byte[] bytes;
        try {
            bytes = in.readNBytes(count);
        } catch (EOFException cut) {
            throw damaged(offset, "its compressed data is cut off", cut);
        } catch (ZipException broken) {
            throw damaged(offset, "its compressed data is damaged: " + broken.getMessage(), broken);
        }
        if (bytes.length < count) {
            throw damaged(offset + bytes.length, "ends here; its header promises more");
        }
        offset += count;
        return bytes;
    }

    /** Refuses bytes after the last element. */
    void requireEnd() throws IOException {
        if (in.readNBytes(1).length > 0) {
            throw damaged(offset, "goes on after the last element that its header promises");
        }
    }

    IllegalArgumentException damaged(long at, String what) {
        return new IllegalArgumentException(file + " at offset " + at + ": " + what);
    }

    private IllegalArgumentException damaged(long at, String what, Exception cause) {
        return new IllegalArgumentException(file + " at offset " + at + ": " + what, cause);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
