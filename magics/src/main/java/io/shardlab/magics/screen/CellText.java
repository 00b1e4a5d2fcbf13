package io.shardlab.magics.screen;

import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.backend.RankList;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/**
 * What ranks print while a cell runs, as text of the notebook: ranks that printed the same are shown once. A line waits
 * up to a second for the same line of other ranks, so a short cell is folded as a whole; a long one goes on in pieces. Each rank has a budget of
 * characters; what comes beyond it is counted, and its end is kept.
 */
public final class CellText implements Screen.Live, Cells.Listener {

    static final int MOST_CHARS = 3_000_000;
    static final int MOST_CHARS_OF_RANK = 1 << 20;
    static final int TAIL_LINES = 100;
    private static final int LONGEST_LINE = 16 << 10;
    private static final int TAIL_CHARS = 64 << 10;
    private static final long PATIENCE_NANOS = 1_000_000_000;

    private final boolean grouped;
    private final LongSupplier nanos;
    private final Map<Source, Stream> streams =
            new TreeMap<>(Comparator.comparing(Source::rank).thenComparing(Source::error));
    private int chars;
    /** When the first of the lines that wait was printed. */
    private OptionalLong waitingSince = OptionalLong.empty();

    private record Source(int rank, boolean error) {}

    /** One stream of one rank. */
    private static final class Stream {
        final StringBuilder unfinished = new StringBuilder();
        List<String> waiting = new ArrayList<>();
        final Deque<String> tail = new ArrayDeque<>();
        int chars;
        int tailChars;
        long dropped;
        long droppedChars;
        boolean overflown;

        Stream copy() {
            Stream copy = new Stream();
            copy.unfinished.append(unfinished);
            copy.waiting.addAll(waiting);
            copy.tail.addAll(tail);
            copy.chars = chars;
            copy.tailChars = tailChars;
            copy.dropped = dropped;
            copy.droppedChars = droppedChars;
            copy.overflown = overflown;
            return copy;
        }
    }

    public CellText(boolean grouped, LongSupplier nanos) {
        this.grouped = grouped;
        this.nanos = nanos;
    }

    /** One that has heard the same. */
    public synchronized CellText copy() {
        CellText copy = new CellText(grouped, nanos);
        streams.forEach((source, stream) -> copy.streams.put(source, stream.copy()));
        copy.chars = chars;
        copy.waitingSince = waitingSince;
        return copy;
    }

    @Override
    public synchronized void printed(int rank, boolean error, String text) {
        Stream stream = streams.computeIfAbsent(new Source(rank, error), source -> new Stream());
        int from = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
            stream.unfinished.append(text, from, end);
            finish(stream);
            from = end + 1;
        }
        stream.unfinished.append(text, from, text.length());
        while (stream.unfinished.length() > LONGEST_LINE) {
            String rest = stream.unfinished.substring(LONGEST_LINE);
            stream.unfinished.setLength(LONGEST_LINE);
            finish(stream);
            stream.unfinished.append(rest);
        }
    }

    private void finish(Stream stream) {
        String line = stream.unfinished.toString();
        stream.unfinished.setLength(0);
        int length = line.length() + 1;
        stream.overflown |= chars + length > MOST_CHARS || stream.chars + length > MOST_CHARS_OF_RANK;
        if (!stream.overflown) {
            if (waitingSince.isEmpty()) {
                waitingSince = OptionalLong.of(nanos.getAsLong());
            }
            stream.waiting.add(line);
            stream.chars += length;
            chars += length;
            return;
        }
        stream.tail.add(line);
        stream.tailChars += length;
        while (stream.tail.size() > TAIL_LINES || stream.tailChars > TAIL_CHARS) {
            int gone = stream.tail.remove().length() + 1;
            stream.tailChars -= gone;
            stream.droppedChars += gone;
            stream.dropped++;
        }
    }

    /** Nothing is shown before lines have waited for those of other ranks. */
    @Override
    public long firstTickMillis() {
        return Throttle.INTERVAL_MILLIS;
    }

    @Override
    public synchronized boolean silent() {
        return streams.isEmpty();
    }

    @Override
    public void tick(Port port) {
        if (port.interactive() && !grouped && waitedEnough()) {
            show(port, taken(false));
        }
    }

    private synchronized boolean waitedEnough() {
        return waitingSince.isPresent() && nanos.getAsLong() - waitingSince.getAsLong() > PATIENCE_NANOS;
    }

    @Override
    public void end(Port port) {
        show(port, taken(true));
    }

    private static void show(Port port, String text) {
        if (!text.isEmpty()) {
            port.stream(text);
        }
    }

    /** What is new, as text; at the end also unfinished lines and tails. */
    private synchronized String taken(boolean last) {
        waitingSince = OptionalLong.empty();
        Map<List<Object>, List<Source>> equal = new LinkedHashMap<>();
        streams.forEach((source, stream) -> {
            List<String> lines = stream.waiting;
            stream.waiting = new ArrayList<>();
            if (last) {
                if (stream.unfinished.length() > 0) {
                    boolean before = stream.overflown;
                    finish(stream);
                    lines.addAll(before ? List.of() : stream.waiting);
                }
                if (!stream.tail.isEmpty()) {
                    if (stream.dropped > 0) {
                        lines.add(String.format(
                                Locale.ROOT,
                                "… %,d lines (%.1f MB) are not shown; `%%shard logs --lines 20000` has the last …",
                                stream.dropped,
                                stream.droppedChars / 1e6));
                    }
                    lines.addAll(stream.tail);
                }
            }
            if (!lines.isEmpty()) {
                equal.computeIfAbsent(List.of(source.error(), lines), key -> new ArrayList<>())
                        .add(source);
            }
        });
        StringBuilder text = new StringBuilder();
        equal.forEach((key, sources) -> append(text, sources, key.get(1)));
        return text.toString();
    }

    private static void append(StringBuilder text, List<Source> sources, Object lines) {
        text.append(label(sources.stream().map(Source::rank).toList()))
                .append(sources.get(0).error() ? " (stderr)" : "")
                .append(':');
        List<?> all = (List<?>) lines;
        text.append(all.size() == 1 ? " " : "\n");
        all.forEach(line -> text.append(line).append('\n'));
    }

    /** {@code rank 2}, {@code ranks 0–3 (×4)}. */
    static String label(List<Integer> ranks) {
        return RankList.text(ranks) + (ranks.size() > 1 ? " (×" + ranks.size() + ")" : "");
    }
}
