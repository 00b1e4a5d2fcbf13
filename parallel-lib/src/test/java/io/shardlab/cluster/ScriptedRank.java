package io.shardlab.cluster;

import io.shardlab.run.Event;
import io.shardlab.run.RankExecutor;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.Seat;
import io.shardlab.run.StatusPage;
import io.shardlab.run.StopSignal;
import io.shardlab.trace.MemoryUse;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/**
 * A rank that does what a script says instead of computing. A script is the folder of a {@link Request.Dump}: commands separated
 * by {@code ;}, each for one rank or for all: {@code 1:halt 42;*:hold forward 7}.
 */
final class ScriptedRank implements RankExecutor {

    /** Makes scripted ranks, in this JVM or in workers. */
    public static final class Source implements ExecutorSource {
        @Override
        public RankExecutor open(Seat seat, StopSignal stop, StatusPage page) {
            return new ScriptedRank(seat, stop, page);
        }
    }

    private final Seat seat;
    private final StopSignal stop;
    private final StatusPage page;

    private ScriptedRank(Seat seat, StopSignal stop, StatusPage page) {
        this.seat = seat;
        this.stop = stop;
        this.page = page;
    }

    static Request script(String text) {
        return new Request.Dump(text);
    }

    @Override
    public Reply execute(Request request, Consumer<Event> events) {
        if (request instanceof Request.Dump dump) {
            for (String command : dump.folder().split(";")) {
                String[] parts = command.split(":", 2);
                if (parts[0].equals("*") || parts[0].equals(Integer.toString(seat.rank()))) {
                    obey(parts[1].split(" "), events);
                }
            }
        }
        page.enter("idle", "", -1);
        return new Reply.Done(new MemoryUse(seat.rank(), Map.of()));
    }

    private void obey(String[] words, Consumer<Event> events) {
        switch (words[0]) {
            case "hold" -> hold(words[1], Integer.parseInt(words[2]), events);
            case "stuck" -> stuck(events);
            case "throw" -> throw new IllegalStateException(words[1]);
            case "late" -> {
                stop.abort("rank 1 is late");
                stop.checkPeers();
            }
            case "halt" -> Runtime.getRuntime().halt(Integer.parseInt(words[1]));
            case "crash" -> crash();
            case "heap" -> fillHeap();
            case "hog" -> hog(Integer.parseInt(words[1]));
            case "flood" -> flood(Integer.parseInt(words[1]));
            case "complain" -> System.err.print(words[1]);
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    /** Waits in a phase until told to stop, as in a collective that a peer never joins. */
    private void hold(String phase, int step, Consumer<Event> events) {
        page.enter(phase, "0F3", step);
        events.accept(new Event.Progress("holding", 0, 1));
        while (true) {
            stop.check();
            Thread.onSpinWait();
        }
    }

    private void stuck(Consumer<Event> events) {
        page.enter("native call", "", 3);
        events.accept(new Event.Progress("holding", 0, 1));
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void crash() {
        page.enter("backward", "0B1", 2);
        try {
            var field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
            field.setAccessible(true);
            ((sun.misc.Unsafe) field.get(null)).putAddress(0, 1);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private void fillHeap() {
        page.enter("optimizer", "", 4);
        List<byte[]> kept = new ArrayList<>();
        while (kept.size() < 1 << 20) {
            kept.add(new byte[1 << 20]);
        }
        throw new IllegalStateException("the heap has no end");
    }

    /** Takes native memory in large pieces, as a tensor library does. */
    private void hog(int mib) {
        List<ByteBuffer> kept = new ArrayList<>();
        for (int taken = 0; taken < mib; taken += 100) {
            kept.add(ByteBuffer.allocateDirect(100 << 20));
        }
        System.out.println("took " + kept.size() + " pieces");
    }

    private void flood(int lines) {
        for (int i = 0; i < lines; i++) {
            System.out.println("rank " + seat.rank() + " line " + i + " ✓");
        }
    }

    @Override
    public void close() {
        page.enter("closed", "", -1);
    }
}
