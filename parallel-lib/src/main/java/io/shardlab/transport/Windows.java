package io.shardlab.transport;

import io.shardlab.mesh.Group;
import io.shardlab.mesh.Link;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The memory of one group as one member sees it: a window of data per member, a round counter with two stamps per
 * member, and messages between pairs. Owned by the rank's compute thread.
 *
 * <p>Each member writes its own window and counter only. What it wrote before {@link #publish} is visible to a member
 * that has seen the round by {@link #reached}.
 */
public final class Windows implements AutoCloseable {

    private static final int STAMPS_AT = 8;
    private static final int ARRIVAL = 3;
    private static final int STAMP_BYTES = 32;

    private final Group group;
    private final int index;
    private final Segment segment;
    private final Layout layout;
    private final Consumer<Windows> onClose;
    private final ByteBuffer[] data;
    private final Outbox[] outboxes;
    private final Inbox[] inboxes;
    private final Pacer pacer;
    private final StartedCalls calls;
    private final Wire wire;
    private final ArrayDeque<StartedCall> started = new ArrayDeque<>();
    private boolean abandoned;
    private boolean closed;

    Windows(Group group, int index, Segment segment, Layout layout, Ends ends, WaitPolicy wait) {
        this.group = group;
        this.index = index;
        this.segment = segment;
        this.layout = layout;
        this.onClose = ends.onClose();
        this.calls = ends.calls();
        this.wire = ends.wire();
        this.pacer = new Pacer(wait, this::checkFaults, calls::progress);
        int size = group.size();
        this.data = new ByteBuffer[size];
        this.outboxes = new Outbox[size];
        this.inboxes = new Inbox[size];
        for (int member = 0; member < size; member++) {
            data[member] = segment.slice(layout.data(member), layout.dataBytes());
            int to = member == index ? (member + 1) % size : member;
            outboxes[member] = new Outbox(segment, layout, index, to, ends);
            inboxes[member] = new Inbox(segment, layout, to, index);
        }
    }

    /** What the windows of a transport have in common. */
    record Ends(Flusher flusher, StartedCalls calls, Wire wire, Consumer<Windows> onClose) {}

    /** This member's rank within the group. */
    public int index() {
        return index;
    }

    public Group group() {
        return group;
    }

    /** A member's window, in native byte order. Not to be used after {@link #close}. */
    public ByteBuffer data(int member) {
        return data[member];
    }

    /** The length of every window. */
    public int dataBytes() {
        return layout.dataBytes();
    }

    /** What this member contributes to the shared memory of the job. */
    public long bytesReserved() {
        return (layout.totalBytes() + group.size() - 1L) / group.size();
    }

    /** The turns of this member's waits; they also end when another member has seen a mismatch. */
    public Pacer pacer() {
        return pacer;
    }

    /** The link that delays what this member sends, if one is simulated. */
    public Optional<Link> link() {
        return wire.link();
    }

    /**
     * Announces a round, with three words that say what this member does in it.
     *
     * @param bytes that this member sends to others with it, by which a simulated link delays it
     */
    public void publish(long round, long first, long second, long third, long bytes) {
        int at = stamp(index, round);
        segment.bytes().putLong(at, first).putLong(at + 8, second).putLong(at + 16, third);
        segment.bytes().putLong(at + 8 * ARRIVAL, wire.arrivalNanos(bytes));
        segment.release(layout.round(index), round);
    }

    /** The round that a member announced last. */
    public long reached(int member) {
        return segment.acquire(layout.round(member));
    }

    /** Whether the announcement of a round that a member has reached is here, by the simulated link. */
    public boolean hasArrived(int member, long round) {
        long instant = word(member, round, ARRIVAL);
        return member == index || instant == Wire.AT_ONCE || System.nanoTime() >= instant;
    }

    /** Passes a little time while the announcement of a round is on the link. */
    public void napUntilArrival(int member, long round) {
        pacer.nap(word(member, round, ARRIVAL));
    }

    /** A word of a member's announcement of a round, kept until it announces the round after the next. */
    public long word(int member, long round, int word) {
        return segment.bytes().getLong(stamp(member, round) + 8 * word);
    }

    private int stamp(int member, long round) {
        return layout.round(member) + STAMPS_AT + (int) (round & 1) * STAMP_BYTES;
    }

    /** Sends a message; returns at once, whether or not anybody receives. Position and limit stay. */
    public void send(int to, long tag, ByteBuffer message) {
        requireOther(to);
        outboxes[to].send(tag, message);
    }

    /**
     * Receives the next message from a member, which must have this tag and fill the buffer's remaining bytes. Position
     * and limit stay.
     *
     * @throws MismatchedCall if it has not; the sender gets the same failure with its next call in this group
     */
    public void receive(int from, long tag, ByteBuffer target) {
        requireOther(from);
        Inbox inbox = inboxes[from];
        if (!inbox.awaitHeader(pacer)) {
            throw lateMessage(from, tag, target.remaining());
        }
        if (inbox.tag() != tag || inbox.length() != target.remaining()) {
            String text = "group " + group.name() + ": message #" + inbox.number() + " from rank "
                    + group.ranks().get(from) + " to rank " + group.ranks().get(index) + " does not fit: sent "
                    + signature(inbox.tag(), inbox.length()) + ", expected " + signature(tag, target.remaining());
            raiseFault(text);
            throw new MismatchedCall(text);
        }
        if (!inbox.take(target, pacer)) {
            throw lateMessage(from, tag, target.remaining());
        }
        pacer.awaitInstant(inbox.arrivalNanos());
    }

    /** Has a call in this group go on while the caller does other things, after all that it has started here before. */
    public StartedCall start(StartedCall.Steps steps) {
        if (closed) {
            throw new IllegalStateException("group " + group.name() + " is closed");
        }
        StartedCall call = new StartedCall(this, steps);
        started.add(call);
        calls.add(this);
        advance();
        return call;
    }

    /** Takes what was started in this group as far as it goes. */
    public void progress() {
        advance();
    }

    /** Takes what was started as far as it goes; whether all of it is over. */
    boolean advance() {
        while (!started.isEmpty() && started.element().advance()) {
            started.remove();
        }
        return started.isEmpty();
    }

    /** Returns when a call that was started here is over. */
    void finish(StartedCall call) {
        pacer.restart();
        while (!call.isOver()) {
            advance();
            if (!call.isOver()) {
                started.element().pause();
            }
        }
    }

    /** Returns when all calls that were started in this group are over, well or not. */
    public void settle() {
        if (!started.isEmpty()) {
            finish(started.getLast());
        }
    }

    /**
     * Ends the calls that were started in this group; none uses a buffer any more when this returns. If there were any,
     * the group needs {@link #reset}.
     */
    public void abandon() {
        calls.remove(this);
        while (!started.isEmpty()) {
            StartedCall call = started.remove();
            if (!call.isOver()) {
                abandoned = true;
                call.end(abandonment());
            }
        }
    }

    private IllegalStateException abandonment() {
        return new IllegalStateException("group " + group.name() + " was told to abandon its calls; reset it first");
    }

    /** Throws {@link MismatchedCall} if another member found one that concerns this group. */
    public void checkFaults() {
        if (abandoned) {
            throw abandonment();
        }
        for (int member = 0; member < data.length; member++) {
            int length = (int) segment.acquire(layout.fault(member));
            if (length > 0) {
                byte[] text = new byte[length];
                segment.bytes().get(layout.fault(member) + Layout.LINE, text);
                throw new MismatchedCall(new String(text, StandardCharsets.UTF_8));
            }
        }
    }

    /**
     * Forgets rounds, messages and faults. All members call it while none is inside another call of this group, for
     * instance between two barriers of another group.
     */
    public void reset() {
        abandon();
        abandoned = false;
        for (int member = 0; member < data.length; member++) {
            if (member != index) {
                outboxes[member].reset();
                inboxes[member].reset();
            }
        }
        segment.release(layout.fault(index), 0);
        segment.release(layout.round(index), 0);
    }

    /** Gives the memory back; messages that have not left yet are lost. Other members keep theirs. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            abandon();
            for (Outbox outbox : outboxes) {
                outbox.close();
            }
            onClose.accept(this);
        }
    }

    Segment segment() {
        return segment;
    }

    private void raiseFault(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, Layout.FAULT_TEXT_BYTES);
        segment.bytes().put(layout.fault(index) + Layout.LINE, bytes, 0, length);
        segment.release(layout.fault(index), length);
    }

    private PeerTimeout lateMessage(int from, long tag, int length) {
        return pacer.timeout(
                "rank " + group.ranks().get(from) + " did not send message #" + inboxes[from].number() + " ("
                        + signature(tag, length) + ") of group " + group.name(),
                "rank " + group.ranks().get(index) + " waits for it");
    }

    private static String signature(long tag, long length) {
        return "tag " + tag + ", " + length + " bytes";
    }

    private void requireOther(int member) {
        if (member == index || member < 0 || member >= data.length) {
            throw new IllegalArgumentException("member " + member + " is not another member of group " + group.name()
                    + ", which has " + data.length);
        }
    }
}
