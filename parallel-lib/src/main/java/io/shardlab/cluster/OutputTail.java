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

    /** The last {@code count} lines. */
    List<String> last(int count) {
        List<String> all = lines();
        return List.copyOf(all.subList(Math.max(0, all.size() - count), all.size()));
    }
}
