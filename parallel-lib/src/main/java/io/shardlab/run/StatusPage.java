package io.shardlab.run;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/**
 * One page of memory on which a rank notes what it is doing, so that others can read it even after the rank was killed.
 *
 * <p>{@link #enter} may be called by the rank's own thread only, {@link #beat} by one other thread of the same process, and
 * {@link #read} by anyone at any time. The page holds a ring of slots and a counter that says which one was written last:
 * a writer that dies half-way leaves the slot before it intact. Text is cut to its field and kept as ASCII.
 */
public final class StatusPage {

    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private static final int OPERATIONS = 0;
    private static final int BEAT = 8;
    private static final int HEAP = 16;
    private static final int ENGINE = 64;
    private static final int ENGINE_BYTES = 64;
    private static final int SLOTS = 128;
    private static final int SLOT_BYTES = 256;
    private static final int STEP = 0;
    private static final int PHASE = 8;
    private static final int PHASE_BYTES = 32;
    private static final int ACTION = PHASE + PHASE_BYTES;
    private static final int ACTION_BYTES = 160;
    /** A power of two. A reader has the time of so many notes, less two, to copy one. */
    private static final int NUM_SLOTS = 16;

    private static final int PAGE_BYTES = SLOTS + NUM_SLOTS * SLOT_BYTES;
    private static final int READ_TRIES = 1000;

    private final ByteBuffer page;

    /** Written by the rank's thread alone, so that {@link #enter} need not read shared memory. */
    private long operations;

    private StatusPage(ByteBuffer page) {
        this.page = page.order(ByteOrder.nativeOrder());
        this.operations = (long) LONG.getAcquire(page, OPERATIONS);
    }

    /** A page for ranks that are threads of this process. */
    public static StatusPage inMemory() {
        return new StatusPage(ByteBuffer.allocateDirect(PAGE_BYTES));
    }

    /** Makes the file of a page, readable by this user only, and maps it; the file must not exist yet. */
    public static StatusPage create(Path file) throws IOException {
        FileAttribute<Set<PosixFilePermission>> mine =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        Set<StandardOpenOption> options =
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try (FileChannel channel = FileChannel.open(file, options, mine)) {
            // Written, not extended: on a full file system this throws here instead of killing a JVM later.
            ByteBuffer zeros = ByteBuffer.allocate(PAGE_BYTES);
            while (zeros.hasRemaining()) {
                channel.write(zeros);
            }
            return new StatusPage(channel.map(FileChannel.MapMode.READ_WRITE, 0, PAGE_BYTES));
        }
    }

    /** Maps the page of an existing file, to write on it. */
    public static StatusPage open(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (channel.size() < PAGE_BYTES) {
                throw new IOException(file + " has " + channel.size() + " bytes, expected " + PAGE_BYTES);
            }
            return new StatusPage(channel.map(FileChannel.MapMode.READ_WRITE, 0, PAGE_BYTES));
        }
    }

    /**
     * Notes what the rank's thread starts to do; allocates nothing.
     *
     * @param phase such as {@code forward}, {@code backward}, {@code all_reduce}, {@code optimizer}, {@code idle}
     * @param action in the notation of schedules, or what a collective is for; may be empty
     * @param step of training, {@code -1} where there is none
     */
    public void enter(String phase, String action, int step) {
        long next = operations + 1;
        int slot = slot(next);
        page.putLong(slot + STEP, step);
        write(phase, slot + PHASE, PHASE_BYTES);
        write(action, slot + ACTION, ACTION_BYTES);
        operations = next;
        LONG.setRelease(page, OPERATIONS, next);
    }

    /** Notes which engine computes, once it is loaded. */
    public void engine(String version) {
        write(version, ENGINE, ENGINE_BYTES);
    }

    /** Notes that the process is alive, and its Java heap in use. */
    public void beat(long nanos, long heapBytes) {
        LONG.setOpaque(page, HEAP, heapBytes);
        LONG.setRelease(page, BEAT, nanos);
    }

    /** What the page says now. */
    public Note read() {
        long seen = (long) LONG.getAcquire(page, OPERATIONS);
        for (int attempt = 0; ; attempt++) {
            // Copied first and understood later: a fast writer comes round again while text is being decoded.
            byte[] copy = new byte[PAGE_BYTES];
            page.get(0, copy);
            VarHandle.loadLoadFence();
            long now = (long) LONG.getAcquire(page, OPERATIONS);
            if (now - seen < NUM_SLOTS - 1 || attempt == READ_TRIES) {
                return noteAt(seen, ByteBuffer.wrap(copy).order(ByteOrder.nativeOrder()));
            }
            seen = now;
        }
    }

    private static Note noteAt(long number, ByteBuffer copy) {
        int slot = slot(number);
        String version = text(copy, ENGINE, ENGINE_BYTES);
        return new Note(
                number == 0 ? "starting" : text(copy, slot + PHASE, PHASE_BYTES),
                text(copy, slot + ACTION, ACTION_BYTES),
                number == 0 ? -1 : (int) copy.getLong(slot + STEP),
                number,
                version.isEmpty() ? Optional.empty() : Optional.of(version),
                copy.getLong(BEAT),
                copy.getLong(HEAP));
    }

    private static int slot(long number) {
        return SLOTS + (int) (number & (NUM_SLOTS - 1)) * SLOT_BYTES;
    }

    private void write(String text, int at, int size) {
        int length = Math.min(text.length(), size - 1);
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            page.put(at + i, (byte) (c >= ' ' && c < 127 ? c : '?'));
        }
        page.put(at + length, (byte) 0);
    }

    private static String text(ByteBuffer copy, int at, int size) {
        byte[] bytes = new byte[size];
        copy.get(at, bytes);
        int length = 0;
        while (length < size && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.US_ASCII);
    }

    /**
     * What a page said at one moment.
     *
     * @param step {@code -1} where there is none
     * @param operations how often {@link #enter} was called: the rank furthest behind is the one the others wait for
     * @param engine empty until it is loaded
     * @param beatNanos {@link System#nanoTime} of the last sign of life, {@code 0} before the first
     * @param heapBytes Java heap in use at that time
     */
    public record Note(
            String phase,
            String action,
            int step,
            long operations,
            Optional<String> engine,
            long beatNanos,
            long heapBytes) {

        /** For instance {@code forward, step 7}. */
        public String where() {
            return step < 0 ? phase : phase + ", step " + step;
        }
    }
}
