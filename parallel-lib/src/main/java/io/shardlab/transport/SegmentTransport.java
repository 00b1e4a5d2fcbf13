package io.shardlab.transport;

import io.shardlab.mesh.Group;
import io.shardlab.mesh.Link;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A transport over memory that all ranks can reach, wherever a {@link SegmentStore} finds it.
 *
 * <p>Opening a group: its first member makes the memory and shows it under the group's name; the others find it and say
 * that they have it; then the first member hides the name and says that all is ready. So no member can meet the memory
 * of an earlier opening. A first member that gives up says so, and the others look for its next attempt.
 */
final class SegmentTransport implements Transport {

    private static final long READY = 1;
    private static final long ABANDONED = 2;

    private final SegmentStore store;
    private final int rank;
    private final int size;
    private final WaitPolicy wait;
    private final Flusher flusher;
    private final StartedCalls calls = new StartedCalls();
    private final Wire wire;
    private final List<Windows> opened = new ArrayList<>();
    private long reservedBytes;

    SegmentTransport(SegmentStore store, int rank, int size, WaitPolicy wait, Optional<Link> link) {
        if (size < 1 || size > Layout.MOST_RANKS) {
            throw new IllegalArgumentException(
                    "a shared-memory job has 1 to " + Layout.MOST_RANKS + " ranks, not " + size);
        }
        if (rank < 0 || rank >= size) {
            throw new IllegalArgumentException("rank " + rank + " is not in a job of " + size + " ranks");
        }
        this.store = store;
        this.rank = rank;
        this.size = size;
        this.wait = wait;
        this.flusher = new Flusher("shardlab-messages-" + rank);
        this.wire = new Wire(link);
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public Windows open(Group group, Purpose purpose) throws IOException {
        int index = group.indexOf(rank);
        if (group.size() < 2 || group.ranks().stream().anyMatch(r -> r < 0 || r >= size)) {
            throw new IllegalArgumentException("group " + group.name() + " " + group.ranks()
                    + " needs at least two ranks, all of 0 to " + (size - 1));
        }
        Layout layout = Layout.of(group.size(), size, purpose);
        int bytes = Layout.memberBytes(size, purpose);
        requireShare(group, bytes);
        Segment segment = index == 0 ? offer(group, layout) : join(group, index, layout);
        Windows.Ends ends = new Windows.Ends(flusher, calls, wire, windows -> forget(windows, bytes));
        Windows windows = new Windows(group, index, segment, layout, ends, wait);
        opened.add(windows);
        reservedBytes += bytes;
        return windows;
    }

    @Override
    public void progress() {
        calls.progress();
    }

    @Override
    public void close() {
        flusher.close();
        List.copyOf(opened).forEach(Windows::close);
    }

    private void forget(Windows windows, int bytes) {
        opened.remove(windows);
        reservedBytes -= bytes;
        store.release(windows.segment());
    }

    private void requireShare(Group group, int bytes) throws IOException {
        if (reservedBytes + bytes > Layout.JOB_BYTES / size) {
            throw new IOException("rank " + rank + " cannot open group " + group.name() + ": " + opened.size()
                    + " open groups fill its share of " + (Layout.JOB_BYTES >> 20) + " MiB; close some first");
        }
    }

    private Segment offer(Group group, Layout layout) throws IOException {
        String name = nameOf(group);
        Segment segment = store.create(name, layout.totalBytes());
        boolean ready = false;
        try {
            awaitMembers(group, segment, layout);
            store.hide(name);
            segment.release(layout.state(), READY);
            ready = true;
            return segment;
        } finally {
            if (!ready) {
                segment.release(layout.state(), ABANDONED);
                store.hide(name);
                store.release(segment);
            }
        }
    }

    private void awaitMembers(Group group, Segment segment, Layout layout) {
        Pacer pacer = new Pacer(wait, () -> {}, calls::progress);
        for (int member = 1; member < group.size(); member++) {
            while (segment.acquire(layout.joined(member)) == 0) {
                if (!pacer.pause()) {
                    throw notJoined(group, segment, layout, pacer);
                }
            }
        }
    }

    private static PeerTimeout notJoined(Group group, Segment segment, Layout layout, Pacer pacer) {
        List<Integer> missing = new ArrayList<>();
        List<Integer> present = new ArrayList<>(List.of(group.ranks().get(0)));
        for (int member = 1; member < group.size(); member++) {
            boolean joined = segment.acquire(layout.joined(member)) != 0;
            (joined ? present : missing).add(group.ranks().get(member));
        }
        return pacer.timeout(Ranks.text(missing) + " did not open group " + group.name(), Ranks.text(present) + " did");
    }

    private Segment join(Group group, int index, Layout layout) throws IOException {
        Pacer pacer = new Pacer(wait, () -> {}, calls::progress);
        while (true) {
            Segment segment = find(group, layout, pacer);
            boolean ready = false;
            try {
                segment.release(layout.joined(index), 1);
                ready = awaitReady(group, segment, layout, pacer);
            } finally {
                if (!ready) {
                    store.release(segment);
                }
            }
            if (ready) {
                return segment;
            }
        }
    }

    /** False if this memory is from an attempt that failed. */
    private boolean awaitReady(Group group, Segment segment, Layout layout, Pacer pacer) throws IOException {
        String name = nameOf(group);
        long state = segment.acquire(layout.state());
        while (state == 0) {
            if (store.isReplaced(name, segment)) {
                // Either an attempt that failed, or all was ready meanwhile and the group is being opened again.
                return segment.acquire(layout.state()) == READY;
            }
            if (!pacer.pause()) {
                throw pacer.timeout(
                        "the other ranks of group " + group.name() + " " + group.ranks() + " did not open it",
                        "rank " + rank + " did");
            }
            state = segment.acquire(layout.state());
        }
        return state == READY;
    }

    private Segment find(Group group, Layout layout, Pacer pacer) throws IOException {
        String name = nameOf(group);
        Optional<Segment> found = store.find(name, layout.totalBytes());
        while (found.isEmpty()) {
            if (!pacer.pause()) {
                throw pacer.timeout(
                        "rank " + group.ranks().get(0) + " did not open group " + group.name(),
                        "rank " + rank + " did");
            }
            found = store.find(name, layout.totalBytes());
        }
        return found.get();
    }

    private static String nameOf(Group group) {
        String ranks = group.ranks().stream().map(String::valueOf).collect(Collectors.joining("."));
        return group.name().replaceAll("[^A-Za-z0-9@=,_-]", "_") + "+" + ranks;
    }
}
