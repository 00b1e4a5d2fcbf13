package io.shardlab.cluster;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** The last lines that a worker printed, at most so many and of so many characters. Safe for use by any thread. */
final class OutputTail {

    static final int MOST_LINES = 20_000;
    static final int MOST_CHARS = 2 << 20;
    private static final int LONGEST_LINE = 16 << 10;

    private final Deque<String> lines = new ArrayDeque<>();
    private final StringBuilder unfinished = new StringBuilder();
    private long chars;
    private long dropped;
    private Mark mark = new Mark(0, 0);

    /** A place in the output: so many lines were finished, and so many characters of the next one were there. */
    private record Mark(long lines, int chars) {}

    synchronized void append(String text) {
        int from = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
            unfinished.append(text, from, end);
            finish();
            from = end + 1;
        }
        unfinished.append(text, from, text.length());
        while (unfinished.length() > LONGEST_LINE) {
            String rest = unfinished.substring(LONGEST_LINE);
            unfinished.setLength(LONGEST_LINE);
            finish();
            unfinished.append(rest);
        }
    }

    private void finish() {
        lines.add(unfinished.toString());
        chars += unfinished.length();
        unfinished.setLength(0);
        while (lines.size() > MOST_LINES || chars > MOST_CHARS) {
            chars -= lines.remove().length();
            dropped++;
        }
    }

    /** The lines kept, headed by a note of how many are not. */
    synchronized List<String> lines() {
        List<String> all = new ArrayList<>(lines.size() + 2);
        if (dropped > 0) {
            all.add("… " + dropped + " earlier lines are not kept");
        }
        all.addAll(lines);
        if (unfinished.length() > 0) {
            all.add(unfinished.toString());
        }
        return all;
    }

    /** From here on is the recent output. */
    synchronized void mark() {
        mark = new Mark(dropped + lines.size(), unfinished.length());
    }

    /** The last {@code count} lines of what came after the {@linkplain #mark mark}. */
    synchronized List<String> recent(int count) {
        List<String> all = new ArrayList<>(lines);
        all.add(unfinished.toString());
        long before = mark.lines() - dropped;
        if (before >= 0 && before < all.size()) {
            String begun = all.get((int) before);
            all.set((int) before, begun.substring(Math.min(mark.chars(), begun.length())));
            all = all.subList((int) before, all.size());
        }
        List<String> written = all.stream().filter(line -> !line.isEmpty()).toList();
        return List.copyOf(written.subList(Math.max(0, written.size() - count), written.size()));
    }
}
