package io.shardlab.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file read at places, not in order. Failures are {@link UncheckedIOException}s. */
final class PositionedFile implements AutoCloseable {

    private final Path path;
    private final FileChannel channel;
    private final long numBytes;

    private PositionedFile(Path path, FileChannel channel, long numBytes) {
        this.path = path;
        this.channel = channel;
        this.numBytes = numBytes;
    }

    /** @param what is in it, for the message when it cannot be read */
    static PositionedFile open(Path path, String what) {
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            return new PositionedFile(path, channel, channel.size());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + what + ": " + e.getMessage(), e);
        }
    }

    long numBytes() {
        return numBytes;
    }

    /** Fills the buffer from its beginning with the bytes from {@code offset} on. */
    void read(ByteBuffer bytes, long offset) {
        bytes.clear();
        try {
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, offset + bytes.position()) < 0) {
                    throw new IOException(path + " ended early");
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
