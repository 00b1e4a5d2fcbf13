package io.shardlab.transport;

/**
 * Where things lie in the memory of a group: a header, then per member its counters, its message rings and its data.
 *
 * <p>What one member writes and others poll stands on cache lines of its own (pairs of lines, because processors fetch
 * pairs).
 */
record Layout(int members, int ringBytes, int dataBytes) {

    static final long JOB_BYTES = 48L << 20;
    static final int MOST_RANKS = 32;
    static final int LINE = 128;
    static final int FAULT_TEXT_BYTES = 2048;

    /** What a placed plan and the copy that a check places beside it open at most, of either size. */
    private static final int SMALL_GROUPS = 6;

    private static final int LARGE_GROUPS = 6;

    private static final int LEAST_MEMBER_BYTES = 128 << 10;
    private static final int SMALL_MEMBER_BYTES = 256 << 10;
    private static final int FIXED_LINES = 3;

    /** The layout for a group of {@code members} in a job of {@code ranks}. */
    static Layout of(int members, int ranks, Purpose purpose) {
        int share = memberBytes(ranks, purpose);
        int forRings =
                switch (purpose) {
                    case CONTROL -> share / 4;
                    case COLLECTIVES -> Math.max(share / 16, LEAST_MEMBER_BYTES / 4);
                    case MESSAGES -> share / 4 * 3;
                };
        int ring = alignDown(forRings / (members - 1), LINE);
        int data = alignDown(share - LINE - controlBytes(members) - ring * (members - 1), LINE);
        return new Layout(members, ring, data);
    }

    /** What one group takes of each member's share. */
    static int memberBytes(int ranks, Purpose purpose) {
        long share = JOB_BYTES / ranks;
        long small = Math.max(LEAST_MEMBER_BYTES, Math.min(SMALL_MEMBER_BYTES, share / 48));
        long bytes = purpose == Purpose.CONTROL ? small : (share - SMALL_GROUPS * small) / LARGE_GROUPS;
        return alignDown(Math.toIntExact(bytes), 4096);
    }

    private static int alignDown(int value, int step) {
        return value / step * step;
    }

    private static int controlBytes(int members) {
        return LINE * (FIXED_LINES + 2 * members) + FAULT_TEXT_BYTES;
    }

    int totalBytes() {
        return data(members - 1) + dataBytes;
    }

    /** How far the opening of the group has come; written by the first member. */
    int state() {
        return 0;
    }

    /** The round a member has reached, followed by its two stamps. */
    int round(int member) {
        return LINE + member * controlBytes(members);
    }

    int joined(int member) {
        return round(member) + LINE;
    }

    /** Length of a member's fault text, followed by the text. */
    int fault(int member) {
        return round(member) + 2 * LINE;
    }

    /** Bytes ever written by {@code from} into its ring to {@code to}. */
    int written(int from, int to) {
        return fault(from) + LINE + FAULT_TEXT_BYTES + to * LINE;
    }

    /** Bytes ever read by {@code to} out of the ring from {@code from}. */
    int read(int from, int to) {
        return written(to, members) + from * LINE;
    }

    int ring(int from, int to) {
        int slot = to < from ? to : to - 1;
        return round(members) + (from * (members - 1) + slot) * ringBytes;
    }

    int data(int member) {
        return round(members) + members * (members - 1) * ringBytes + member * dataBytes;
    }
}
