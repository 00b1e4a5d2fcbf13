package io.shardlab.transport;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Shared memory as files that every member maps.
 *
 * <p>A file is filled with zeros by writing before it is mapped: a full file system then refuses the write, where a
 * sparse file would kill the process later (SIGBUS). It gets its final name when it is complete.
 */
final class MappedFiles implements SegmentStore {

    private static final Set<OpenOption> CREATE =
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
    private static final Set<OpenOption> USE = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
    private static final FileAttribute<?> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final int BLOCK_BYTES = 64 << 10;

    private final Path folder;
    private final MethodHandle unmap;

    MappedFiles(Path folder) {
        this.folder = folder;
        this.unmap = findUnmap();
    }

    @Override
    public Segment create(String name, int bytes) throws IOException {
        String nonce = Long.toHexString(ThreadLocalRandom.current().nextLong());
        Path unfinished = folder.resolve(name + "." + nonce);
        try {
            Segment segment = uninterrupted(() -> {
                Files.deleteIfExists(unfinished);
                try (FileChannel file = FileChannel.open(unfinished, CREATE, PRIVATE)) {
                    fillWithZeros(file, bytes);
                }
                return map(unfinished, bytes);
            });
            Files.move(unfinished, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            return segment;
        } catch (IOException e) {
            Files.deleteIfExists(unfinished);
            String need = "shared memory for group " + name + " needs " + bytes + " bytes in " + folder;
            throw new IOException(need + " (" + freeText() + "): " + e.getMessage(), e);
        }
    }

    @Override
    public Optional<Segment> find(String name, int bytes) throws IOException {
        Path path = folder.resolve(name);
        if (!Files.exists(path)) {
            return Optional.empty();
        }
        try {
            Segment segment = uninterrupted(() -> map(path, bytes));
            if (isReplaced(name, segment)) {
                release(segment);
                return Optional.empty();
            }
            return Optional.of(segment);
        } catch (NoSuchFileException e) {
            // Hidden between the look and the opening.
            return Optional.empty();
        }
    }

    private static Segment map(Path path, int bytes) throws IOException {
        Object identity = identity(path);
        try (FileChannel file = FileChannel.open(path, USE)) {
            if (file.size() != bytes) {
                throw new IOException("shared memory " + path + " has " + file.size() + " bytes, expected " + bytes
                        + "; do all ranks run the same version?");
            }
            return new Segment(file.map(FileChannel.MapMode.READ_WRITE, 0, bytes), identity);
        }
    }

    @Override
    public boolean isReplaced(String name, Segment segment) throws IOException {
        try {
            return !identity(folder.resolve(name)).equals(segment.identity());
        } catch (NoSuchFileException e) {
            // Hidden, as it is once all members have it.
            return false;
        }
    }

    private static Object identity(Path path) throws IOException {
        Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        return key == null ? path : key;
    }

    private String freeText() {
        try {
            return Files.getFileStore(folder).getUsableSpace() + " bytes are free there";
        } catch (IOException e) {
            return "free space unknown: " + e.getMessage();
        }
    }

    @Override
    public void hide(String name) throws IOException {
        Files.deleteIfExists(folder.resolve(name));
    }

    /** Unmaps now; mappings that wait for the garbage collector would pile up in a JVM that seldom collects. */
    @Override
    public void release(Segment segment) {
        try {
            unmap.invoke(segment.bytes());
        } catch (Throwable e) {
            throw new IllegalStateException("cannot unmap shared memory", e);
        }
    }

    private static void fillWithZeros(FileChannel file, int bytes) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(BLOCK_BYTES);
        for (int done = 0; done < bytes; ) {
            zeros.position(0).limit(Math.min(BLOCK_BYTES, bytes - done));
            done += file.write(zeros);
        }
    }

    /** Does file work again if an interrupt closed the file meanwhile, and keeps the interrupt for the caller. */
    private static Segment uninterrupted(FileWork work) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            while (true) {
                try {
                    return work.run();
                } catch (ClosedByInterruptException e) {
                    interrupted = Thread.interrupted();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static MethodHandle findUnmap() {
        try {
            Class<?> type = Class.forName("sun.misc.Unsafe");
            Field only = type.getDeclaredField("theUnsafe");
            only.setAccessible(true);
            MethodType signature = MethodType.methodType(void.class, ByteBuffer.class);
            return MethodHandles.lookup()
                    .findVirtual(type, "invokeCleaner", signature)
                    .bindTo(only.get(null));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JVM cannot unmap files; run on JDK 17 or newer", e);
        }
    }

    private interface FileWork {
        Segment run() throws IOException;
    }
}
